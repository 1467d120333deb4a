/* What a handshake signs: digests, and for EdDSA messages of a known shape. */

#include "key/signable.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * The length of a hash that TLS may sign, or 0 for any other: SHA-1, and those that GnuTLS only has
 * a name for.
 */
static size_t
hash_length(gnutls_digest_algorithm_t hash)
{
	switch (hash) {
	case GNUTLS_DIG_SHA256:
	case GNUTLS_DIG_SHA384:
	case GNUTLS_DIG_SHA512: return gnutls_hash_get_len(hash);
	default: return 0;
	}
}

/*
 * PKCS#1 v1.5 gets a DigestInfo, not yet padded (RFC 8017, 9.2, note 1): a head that differs in
 * three bytes between the hashes, then the hash.
 */
static bool
is_digest_info(const uint8_t *in, size_t n)
{
	static const struct {
		uint8_t oid, length;
	} hashes[] = { { 1, 32 }, { 2, 48 }, { 3, 64 } };

	for (size_t i = 0; i < COUNT(hashes); i++) {
		uint8_t length = hashes[i].length;
		const uint8_t head[] = { 0x30, (uint8_t)(17 + length), 0x30, 0x0d, 0x06, 0x09, 0x60,
			0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hashes[i].oid, 0x05, 0x00, 0x04,
			length };

		if (n == sizeof(head) + length && memcmp(in, head, sizeof(head)) == 0)
			return true;
	}
	return false;
}

/*
 * TLS 1.3's CertificateVerify (RFC 8446, 4.4.3): 64 spaces, a text with the signer's role, a zero,
 * a hash.
 */
static bool
is_verify(const char *role, const uint8_t *in, size_t n)
{
	char head[128];
	size_t len = (size_t)snprintf(
			 head, sizeof(head), "%64sTLS 1.3, %s CertificateVerify", "", role) +
	    1;

	return (n == len + 32 || n == len + 48) && memcmp(in, head, len) == 0;
}

/*
 * TLS 1.2's ServerKeyExchange (RFC 8422, 5.4): both random numbers, a named curve, a point of the
 * curve's length.
 */
static bool
is_key_exchange(const uint8_t *in, size_t n)
{
	static const struct {
		uint8_t curve, point;
	} curves[] = { { 23, 65 }, { 24, 97 }, { 25, 133 }, { 29, 32 }, { 30, 56 } };

	for (size_t i = 0; i < COUNT(curves); i++) {
		const uint8_t head[] = { 3, 0, curves[i].curve, curves[i].point };

		if (n == 64 + sizeof(head) + curves[i].point &&
		    memcmp(in + 64, head, sizeof(head)) == 0)
			return true;
	}
	return false;
}

/*
 * TLS 1.2's CertificateVerify (RFC 5246, 7.4.8) signs all messages so far, each complete and in
 * this order: both Hellos, the server's Certificate, its status and key exchange,
 * CertificateRequest, ServerHelloDone, the client's Certificate and key exchange.
 */
static bool
is_transcript(const uint8_t *in, size_t n)
{
	static const struct {
		uint8_t type;
		bool may_lack;
	} order[] = { { 1, false }, { 2, false }, { 11, false }, { 22, true }, { 12, true },
		{ 13, false }, { 14, false }, { 11, false }, { 16, false } };
	size_t len;

	for (size_t i = 0; i < COUNT(order); i++) {
		if (n < 4 || in[0] != order[i].type) {
			if (!order[i].may_lack)
				return false;
			continue;
		}
		len = 4 + ((size_t)in[1] << 16 | (size_t)in[2] << 8 | in[3]);
		if (n < len)
			return false;
		in += len;
		n -= len;
	}
	return n == 0;
}

static bool
is_message(enum signable_role role, const uint8_t *in, size_t n)
{
	bool server = is_verify("server", in, n) || is_key_exchange(in, n);
	bool client = is_verify("client", in, n) || is_transcript(in, n);

	return (server && role & SIGNABLE_SERVER) || (client && role & SIGNABLE_CLIENT);
}

bool
signable(enum signable_role role, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n)
{
	gnutls_sign_algorithm_t sign = (gnutls_sign_algorithm_t)algorithm;
	size_t length = hash_length(gnutls_sign_get_hash_algorithm(sign));

	if (flags != 0)
		return false;
	if (!is_hash)
		return (sign == GNUTLS_SIGN_EDDSA_ED25519 || sign == GNUTLS_SIGN_EDDSA_ED448) &&
		    is_message(role, data, n);
	if (sign == GNUTLS_SIGN_RSA_RAW)
		return is_digest_info(data, n);
	return length != 0 && n == length;
}
