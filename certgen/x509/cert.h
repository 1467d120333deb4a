#ifndef INETLS_CERT_H
#define INETLS_CERT_H

/* Certificates: making and reading them.  view.h shows what they say. */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stddef.h>
#include <time.h>

#include "failure.h"
#include "request/request.h"

struct key;

/* From when to when a certificate made now is valid. */
void cert_validity(const struct request *request, time_t now, time_t *begin, time_t *end);

#define CERT_SERIAL_LEN 20 /* RFC 5280: at most 20 octets */

/* What differs from one certificate to the next. */
struct cert_terms {
	unsigned char serial[CERT_SERIAL_LEN];
	time_t begin, end;
};

/* A random serial, and the dates that the request asks for.  0, or -1 and *why: EX_SOFTWARE. */
int cert_terms_init(
    struct cert_terms *terms, const struct request *request, time_t now, struct failure *why);

/*
 * Who signs; with cert NULL the new certificate is signed with its own key, and its ids, subject
 * and authority, are its serial: no other certificate has them.
 */
struct cert_issuer {
	gnutls_x509_crt_t cert;
	const struct key *key;
};

/*
 * Makes a certificate by RFC 5280; of its key only the public half is needed.  The caller frees it
 * with gnutls_x509_crt_deinit.  NULL and *why: EX_SOFTWARE.
 */
gnutls_x509_crt_t cert_issue(const struct request *request, gnutls_pubkey_t key,
    const struct cert_issuer *issuer, const struct cert_terms *terms, struct failure *why);

/*
 * Makes one with the contents of an older one; only terms, key, issuer and the ids of these keys
 * are new.
 */
gnutls_x509_crt_t cert_renew(gnutls_x509_crt_t old, gnutls_pubkey_t key,
    const struct cert_issuer *issuer, const struct cert_terms *terms, struct failure *why);

/* Makes a self-signed one, for a CA or for a server, which may not sign others. */
gnutls_x509_crt_t
cert_make(const struct request *request, const struct key *key, time_t now, struct failure *why);

/* Its PEM, ended by a NUL; the caller frees it.  NULL and *why: EX_SOFTWARE. */
char *cert_pem(gnutls_x509_crt_t cert, struct failure *why);

/*
 * Loads all certificates of a PEM, the leaf first: how many, and *certs for cert_free; -1 and *why
 * (EX_DATAERR) if there is none.
 */
int cert_load(const char *pem, size_t len, gnutls_x509_crt_t **certs, struct failure *why);
void cert_free(gnutls_x509_crt_t *certs, int count);

/* Whether the private key belongs to the certificate. */
int cert_matches(gnutls_x509_crt_t cert, const struct key *key);

#endif
