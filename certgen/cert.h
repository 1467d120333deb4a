#ifndef INETLS_CERT_H
#define INETLS_CERT_H

/* Certificates: making one and reading one.  What one says is view.h's matter. */

#include <gnutls/x509.h>
#include <stddef.h>
#include <time.h>

#include "failure.h"
#include "request.h"

/* When a certificate that is made at this time begins and ends to be valid. */
void cert_validity(const struct request *request, time_t now, time_t *begin, time_t *end);

/*
 * A self-signed certificate of a server by RFC 5280, which may not sign others.  The caller frees it with
 * gnutls_x509_crt_deinit.  NULL and *why: EX_SOFTWARE.
 */
gnutls_x509_crt_t cert_make(const struct request *request, gnutls_x509_privkey_t key, time_t now,
    struct failure *why);

/* Its PEM, ended by a NUL; the caller frees it.  NULL and *why: EX_SOFTWARE. */
char *cert_pem(gnutls_x509_crt_t cert, struct failure *why);

/*
 * All certificates of a PEM, the leaf first: their number, with *certs for cert_free; -1 and *why
 * (EX_DATAERR) where there is none.
 */
int cert_load(const char *pem, size_t len, gnutls_x509_crt_t **certs, struct failure *why);
void cert_free(gnutls_x509_crt_t *certs, int count);

/* Whether the private key is the certificate's. */
int cert_matches(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key);

#endif
