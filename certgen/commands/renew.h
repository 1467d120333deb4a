#ifndef INETLS_RENEW_H
#define INETLS_RENEW_H

/*
 * renew [--before DAYS] [--new-key] [--ca DIR] FILE...: makes the certificate again with new dates,
 * for the same names and by default with the same key.  An exit code or a COMMAND_* of usage.h.
 */
int renew_files(int argc, char *argv[]);

#endif
