#ifndef INETLS_RENEW_H
#define INETLS_RENEW_H

/*
 * renew [--before DAYS] [--new-key] [--ca DIR] FILE...: new dates for what a PEM says, by the same
 * key and for the same names.  An exit code or a COMMAND_* of usage.h.
 */
int renew_files(int argc, char *argv[]);

#endif
