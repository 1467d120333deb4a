/*
 * X25519 (RFC 7748) is the dearest step of a handshake, and nettle's takes twice the time of
 * libsodium's.  Linked statically, with the linker's --wrap, GnuTLS finds libsodium's where it asks
 * for nettle's.
 */

#include <stdint.h>
#include <string.h>

#include <sodium/crypto_scalarmult_curve25519.h>

void __wrap_nettle_curve25519_mul(uint8_t *q, const uint8_t *n, const uint8_t *p);
void __wrap_nettle_curve25519_mul_g(uint8_t *q, const uint8_t *n);

/* A point of small order gives zeros, which GnuTLS refuses (RFC 8446, 7.4.2). */
void
__wrap_nettle_curve25519_mul(uint8_t *q, const uint8_t *n, const uint8_t *p)
{
	if (crypto_scalarmult_curve25519(q, n, p) == -1)
		memset(q, 0, crypto_scalarmult_curve25519_BYTES);
}

void
__wrap_nettle_curve25519_mul_g(uint8_t *q, const uint8_t *n)
{
	(void)crypto_scalarmult_curve25519_base(q, n);
}
