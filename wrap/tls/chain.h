#ifndef INETLS_CHAIN_H
#define INETLS_CHAIN_H

/*
 * The certificates from the peer's own to its CA.  GnuTLS says that one of them is at fault, but
 * not which; this finds it.  Only for messages: GnuTLS decides whom to trust.
 */

#include <stddef.h>

#include <gnutls/x509.h>

#define CHAIN_MAX 16

struct chain {
	gnutls_x509_crt_t path[CHAIN_MAX]; /* each is followed by its issuer */
	unsigned n;
	gnutls_x509_crt_t shown[CHAIN_MAX], found[CHAIN_MAX]; /* to be freed by chain_free */
	unsigned n_shown, n_found;
};

/*
 * der is what the peer has shown, its own certificate first.  An issuer is looked for among the
 * authorities first, then in der.
 */
void chain_follow(
    struct chain *c, const gnutls_datum_t *der, unsigned n, gnutls_x509_trust_list_t authorities);

void chain_free(struct chain *c);

/*
 * Writes the certificates in the form that is kept in a file: each after its length, as in TLS (RFC
 * 8446, 4.4.2).  How many bytes, or 0 if out is too small.
 */
size_t chain_pack(const gnutls_datum_t *der, unsigned n, unsigned char *out, size_t size);

/* Reads that form; der points into data.  How many certificates, or 0 if data is malformed. */
unsigned chain_unpack(unsigned char *data, size_t len, gnutls_datum_t der[CHAIN_MAX]);

#endif
