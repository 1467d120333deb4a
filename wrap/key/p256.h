#ifndef INETLS_P256_H
#define INETLS_P256_H

/*
 * ECDSA P-256 with nettle alone, for the kind of key that certgen makes by default.  Initialising
 * GnuTLS in the keyholder would cost more than the signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define P256_SIZE 32
#define P256_SIGNATURE_MAX 72 /* the DER form of two numbers of 33 bytes */

/*
 * Finds the private number in a PEM that begins with an unencrypted P-256 key, in PKCS#8 (RFC 5208,
 * 5915) or SEC1 form.  False for anything else, which is not an error: GnuTLS may know it.
 */
bool p256_parse(const char *pem, uint8_t number[P256_SIZE]);

/*
 * Signs a SHA-256 hash.  The length of the Ecdsa-Sig-Value (RFC 3279) in out, or -1 if the number
 * is out of range.
 */
ssize_t
p256_sign(const uint8_t number[P256_SIZE], const uint8_t hash[32], uint8_t out[P256_SIGNATURE_MAX]);

#endif
