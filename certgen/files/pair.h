#ifndef INETLS_PAIR_H
#define INETLS_PAIR_H

/* A key and its certificates, as FILE.pem holds them. */

#include <gnutls/x509.h>
#include <sys/stat.h>

#include "failure.h"
#include "x509/key.h"

struct pair {
	gnutls_x509_crt_t *certs; /* certs[0] belongs to the key */
	int count;
	struct key key;
	struct stat was; /* of the file, when it was read */
};

/*
 * Reads a regular file that nobody else can read.  0, or -1 and *why: EX_CANTCREAT if it is a link
 * or not a regular file, since the file itself will be replaced; EX_NOINPUT, EX_NOPERM; EX_DATAERR
 * if it has no key, or no certificate for that key.  pair_free may follow in any case.
 */
int pair_load(struct pair *pair, const char *path, struct failure *why);
void pair_free(struct pair *pair);

#endif
