#ifndef INETLS_CERTIFICATE_H
#define INETLS_CERTIFICATE_H

/*
 * What a server must know of its own certificates (RFC 5280, 4.1), without the tree that GnuTLS
 * makes of them: whose they are, who issued them, and the key where it is one on P-256.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct certificate {
	const uint8_t *issuer, *subject; /* as DER, inside the certificate */
	size_t issuer_len, subject_len;
	const uint8_t *p256; /* x and y, 32 bytes each, or NULL: another kind of key */
	bool is_common;      /* a kind of key that GnuTLS reads, whichever version it is */
};

/* 0, or -1 where it is no certificate, or not encoded as DER demands: GnuTLS may know why. */
int certificate_read(const uint8_t *der, size_t n, struct certificate *out);

#endif
