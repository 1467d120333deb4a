#ifndef INETLS_REVOKE_H
#define INETLS_REVOKE_H

/* The subcommands that take back.  Both return an exit code or a COMMAND_* of usage.h. */

/* revoke --ca DIR SERIAL|FILE: takes a certificate back, and makes a new list of those. */
int revoke_one(int argc, char *argv[]);

/* crl --ca DIR [--days N]: the list of what was taken back. */
int revoke_list(int argc, char *argv[]);

#endif
