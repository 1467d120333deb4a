#ifndef INETLS_AUTHORITY_H
#define INETLS_AUTHORITY_H

/* The subcommands about a CA itself.  All return an exit code or a COMMAND_* of usage.h. */

/* ca [options] DIR [DOMAIN|ADDRESS|RANGE...]: a new CA, which may sign for these. */
int authority_create(int argc, char *argv[]);

/* revoke --ca DIR SERIAL|FILE: takes a certificate back, and makes a new list of those. */
int authority_revoke(int argc, char *argv[]);

/* crl --ca DIR: the list of what was taken back. */
int authority_crl(int argc, char *argv[]);

#endif
