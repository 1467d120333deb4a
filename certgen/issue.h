#ifndef INETLS_ISSUE_H
#define INETLS_ISSUE_H

/*
 * [options] FILE [NAME...]: a key and its self-signed certificate.  argv[0] is not looked at.  Returns an
 * exit code of sysexits(3) or a COMMAND_* of command.h.
 */
int issue_self_signed(int argc, char *argv[]);

#endif
