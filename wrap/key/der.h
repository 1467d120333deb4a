#ifndef INETLS_DER_H
#define INETLS_DER_H

/* Just enough DER (X.690) to find a key and a name, and what of TLS is alike. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_SEQUENCE = 0x30,
	DER_CONTEXT_0 = 0xa0,
	DER_CONTEXT_1 = 0xa1
};

/* What is not read yet. */
struct der {
	const uint8_t *at, *end;
};

/* Takes the next element if it has that tag; its contents go to *inside.  False if it does not. */
bool der_take(struct der *d, uint8_t tag, struct der *inside);

/*
 * Takes what stands behind its own length, of so many bytes: a vector of TLS (RFC 8446, 3.4).
 * False if it is not whole.
 */
bool der_take_vector(struct der *d, size_t bytes, struct der *inside);

#endif
