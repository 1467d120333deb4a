#ifndef INETLS_P256_H
#define INETLS_P256_H

/*
 * ECDSA P-256 by nettle alone: what the process that holds the key needs for certgen's default,
 * without initialising GnuTLS, which would cost more than the signature.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define P256_SIZE 32
#define P256_SIGNATURE_MAX 72 /* the DER form of two numbers of 33 bytes */

/*
 * The private number of the key that a PEM begins with, if that is an unencrypted P-256 key in
 * PKCS#8 (RFC 5208, 5915) or SEC1 form.  false for anything else, which is not an error: another
 * library may know it.
 */
bool p256_parse(const char *pem, uint8_t number[P256_SIZE]);

/*
 * Signs a SHA-256 hash: the length of the Ecdsa-Sig-Value (RFC 3279) in out, or -1 for a number out
 * of range.
 */
ssize_t
p256_sign(const uint8_t number[P256_SIZE], const uint8_t hash[32], uint8_t out[P256_SIGNATURE_MAX]);

#endif
