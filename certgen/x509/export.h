#ifndef INETLS_EXPORT_H
#define INETLS_EXPORT_H

/* A client's key and certificate in the forms that Windows and Java read. */

#include <gnutls/x509.h>

#include "failure.h"

/* What goes into one PKCS#12. */
struct export_p12 {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t cert;
	gnutls_x509_crt_t *chain; /* the CA's certificates */
	int count;
	const char *passphrase;
	/* 3DES and SHA-1, for programs without AES here: Windows Server 2016 and older */
	int legacy;
};

/*
 * Makes a PKCS#12 (RFC 7292) with AES-256 and a MAC of SHA-256; pgjdbc looks for its friendly name
 * `user`.  The caller wipes it with export_wipe.  0, or -1 and *why: EX_SOFTWARE.
 */
int export_p12(const struct export_p12 *what, gnutls_datum_t *p12, struct failure *why);

/*
 * The key alone as PKCS#8 in DER, not encrypted: what pgjdbc calls pk8.  0, or -1 and *why:
 * EX_SOFTWARE.
 */
int export_pk8(gnutls_x509_privkey_t key, gnutls_datum_t *pk8, struct failure *why);

void export_wipe(gnutls_datum_t *data);

#endif
