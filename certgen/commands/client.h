#ifndef INETLS_CLIENT_H
#define INETLS_CLIENT_H

/*
 * client --ca DIR [options] USER [--libpq DIR | --p12 FILE [--legacy] | --pk8]: makes a key and a
 * certificate by which a client proves that it is that user.  An exit code or a COMMAND_* of
 * usage.h.
 */
int client_issue(int argc, char *argv[]);

#endif
