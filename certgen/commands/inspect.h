#ifndef INETLS_INSPECT_H
#define INETLS_INSPECT_H

/* The subcommands that only read.  Both return an exit code or a COMMAND_* of usage.h. */

/* show [--pin|--fingerprint|--names] FILE: prints what its first certificate says. */
int inspect_show(int argc, char *argv[]);

/*
 * check [--warn DAYS] [--crit DAYS] [--quiet] FILE...: a plugin for Nagios and similar monitors.
 * The exit code is 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN: the worst of all files, whose line
 * comes first.
 */
int inspect_check(int argc, char *argv[]);

#endif
