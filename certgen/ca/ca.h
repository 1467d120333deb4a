#ifndef INETLS_CA_H
#define INETLS_CA_H

/*
 * A CA is a directory, made so that only its owner may enter.  It holds ca.key, ca.crt (the CA's
 * own certificate, and those above it if it has a parent), index (index.h) and crl.pem.
 */

#include <gnutls/x509.h>
#include <limits.h>
#include <time.h>

#include "x509/cert.h"
#include "x509/key.h"
#include "failure.h"
#include "dialogue/passphrase.h"
#include "request/request.h"

struct ca {
	char dir[PATH_MAX];
	gnutls_x509_crt_t *certs; /* certs[0] is the CA's own */
	int count;
	struct key key; /* none until ca_unlock */
};

/* Where to get the passphrase of an encrypted key. */
struct ca_secret {
	const char *file; /* NULL: no file was named */
	int may_ask;      /* on stdin and stderr */
};

/*
 * Reads the certificates of the CA in a directory.  0, or -1 and *why: EX_NOINPUT if there is none,
 * EX_NOPERM, EX_DATAERR if the certificate is not a CA's, EX_CONFIG if others may write to the
 * directory.
 */
int ca_open(struct ca *ca, const char *dir, struct failure *why);

/*
 * Reads the key, which must match the certificate.  0, or -1 and *why: also EX_USAGE without a
 * passphrase.
 */
int ca_unlock(struct ca *ca, const struct ca_secret *secret, struct failure *why);

/* Frees everything; may be called after a failed ca_open, and twice. */
void ca_close(struct ca *ca);

/* The path of a file in the CA's directory; returns buf. */
const char *ca_path(const struct ca *ca, const char *name, char buf[PATH_MAX]);

/*
 * Whether the CA may sign the request: every name is within its constraints, and the new
 * certificate does not outlive the CA's.  The days are reduced for that, unless they were asked
 * for.  0, or -1 and *why: EX_DATAERR.
 */
int ca_permits(
    const struct ca *ca, struct request *request, int days_given, time_t now, struct failure *why);

#endif
