#ifndef INETLS_CA_H
#define INETLS_CA_H

/*
 * A CA in a directory that only its owner may enter: ca.key, ca.crt (its own certificate, and those
 * above it where it has a parent), index (index.h) and crl.pem.
 */

#include <gnutls/x509.h>
#include <limits.h>
#include <time.h>

#include "x509/cert.h"
#include "failure.h"
#include "dialogue/passphrase.h"
#include "request/request.h"

struct ca {
	char dir[PATH_MAX];
	gnutls_x509_crt_t *certs; /* certs[0] is its own */
	int count;
	gnutls_x509_privkey_t key; /* NULL until ca_unlock */
};

/* Where the passphrase of a locked key comes from. */
struct ca_secret {
	const char *file; /* NULL: none was named */
	int may_ask;      /* on stdin and stderr */
};

/*
 * Reads the certificates of the CA in a directory.  0, or -1 and *why: EX_NOINPUT where there is
 * none, EX_NOPERM, EX_DATAERR where it is no CA's, EX_CONFIG where others may enter the directory.
 */
int ca_open(struct ca *ca, const char *dir, struct failure *why);

/*
 * Reads the key, which must be the certificate's.  0, or -1 and *why: also EX_USAGE without a
 * passphrase.
 */
int ca_unlock(struct ca *ca, const struct ca_secret *secret, struct failure *why);

/* Frees all; may be called after a failed ca_open, and twice. */
void ca_close(struct ca *ca);

/* The path of a file in its directory; returns buf. */
const char *ca_path(const struct ca *ca, const char *name, char buf[PATH_MAX]);

/*
 * Whether it may sign that: each name within its constraints, its end not before the certificate's,
 * where days that were not asked for give way.  0, or -1 and *why: EX_DATAERR.
 */
int ca_permits(
    const struct ca *ca, struct request *request, int days_given, time_t now, struct failure *why);

#endif
