#ifndef INETLS_CHAIN_H
#define INETLS_CHAIN_H

/*
 * The certificates from a peer's own up to its CA, to find the one that is at fault: GnuTLS says
 * that one is, and not which.  Only for words: whom to trust GnuTLS decides.
 */

#include <stddef.h>

#include <gnutls/x509.h>

#define CHAIN_MAX 16

struct chain {
	gnutls_x509_crt_t path[CHAIN_MAX]; /* each followed by the one that issued it */
	unsigned n;
	gnutls_x509_crt_t shown[CHAIN_MAX], found[CHAIN_MAX]; /* ours to free */
	unsigned n_shown, n_found;
};

/*
 * der is what the peer has shown, its own first.  An issuer is looked for among the authorities,
 * then in der.
 */
void chain_follow(
    struct chain *c, const gnutls_datum_t *der, unsigned n, gnutls_x509_trust_list_t authorities);

void chain_free(struct chain *c);

/*
 * The certificates as they are kept in a file: each with its length before it, as in TLS (RFC 8446,
 * 4.4.2).  The bytes written, or 0 where they are too many.
 */
size_t chain_pack(const gnutls_datum_t *der, unsigned n, unsigned char *out, size_t size);

/* Points into data; how many there are, or 0 where it is no such text. */
unsigned chain_unpack(unsigned char *data, size_t len, gnutls_datum_t der[CHAIN_MAX]);

#endif
