#ifndef INETLS_REVOKE_H
#define INETLS_REVOKE_H

/* The subcommands for revoking.  Both return an exit code or a COMMAND_* of usage.h. */

/* revoke --ca DIR SERIAL|FILE: revokes a certificate and makes a new list. */
int revoke_one(int argc, char *argv[]);

/* crl --ca DIR [--days N]: makes a new list of revoked certificates. */
int revoke_list(int argc, char *argv[]);

#endif
