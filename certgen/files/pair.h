#ifndef INETLS_PAIR_H
#define INETLS_PAIR_H

/* A key and its certificates, as a FILE.pem holds them. */

#include <gnutls/x509.h>
#include <sys/stat.h>

#include "failure.h"

struct pair {
	gnutls_x509_crt_t *certs; /* certs[0] is the key's */
	int count;
	gnutls_x509_privkey_t key;
	struct stat was; /* of the file, when it was read */
};

/*
 * Reads a regular file that nobody else can read.  0, or -1 and *why: EX_CANTCREAT where it is a
 * link or no file, since what is to be replaced must be named itself; EX_NOINPUT, EX_NOPERM;
 * EX_DATAERR where it has no key, or no certificate of that key.  pair_free may follow in any case.
 */
int pair_load(struct pair *pair, const char *path, struct failure *why);
void pair_free(struct pair *pair);

#endif
