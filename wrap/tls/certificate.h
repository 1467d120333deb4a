#ifndef INETLS_CERTIFICATE_H
#define INETLS_CERTIFICATE_H

/*
 * What a server must know about its own certificates (RFC 5280, 4.1): subject, issuer, and the key
 * if it is on P-256.  GnuTLS would build a whole tree for that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct certificate {
	const uint8_t *issuer, *subject; /* in DER; point into the certificate */
	size_t issuer_len, subject_len;
	const uint8_t *p256; /* x and y, 32 bytes each; NULL for another kind of key */
	bool is_common;      /* every version of GnuTLS can read this kind of key */
};

/* 0, or -1 if it is not a certificate or not valid DER: GnuTLS may tell why. */
int certificate_read(const uint8_t *der, size_t n, struct certificate *out);

#endif
