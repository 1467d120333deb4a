/* ECDSA P-256 with nettle, and just enough DER to find the private number. */

#include "key/p256.h"

#include <string.h>
#include <sys/random.h>

#include <nettle/base64.h>
#include <nettle/bignum.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>

#include "key/der.h"

#define DER_MAX 512 /* a P-256 key with its public half is 138 bytes */

static const uint8_t ec_public_key[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t prime256v1[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };

static bool
is(const struct der *d, const uint8_t *expected, size_t n)
{
	return (size_t)(d->end - d->at) == n && memcmp(d->at, expected, n) == 0;
}

/* ECPrivateKey (RFC 5915).  It may name the curve, and must do so where nothing around it does. */
static bool
parse_ec_key(struct der d, bool curve_is_known, uint8_t number[P256_SIZE])
{
	struct der key, version, octets, parameters, curve, half;
	size_t n;

	if (!der_take(&d, DER_SEQUENCE, &key) || !der_take(&key, DER_INTEGER, &version) ||
	    !der_take(&key, DER_OCTETS, &octets))
		return false;
	if (der_take(&key, DER_CONTEXT_0, &parameters)) {
		if (!der_take(&parameters, DER_OID, &curve) ||
		    !is(&curve, prime256v1, sizeof(prime256v1)))
			return false;
		curve_is_known = true;
	}
	/*
	 * GnuTLS refuses a key without its public half.  Refuse it here too, so that both accept
	 * the same keys.
	 */
	if (!der_take(&key, DER_CONTEXT_1, &half))
		return false;
	/*
	 * GnuTLS writes half of all numbers with a zero in front, as if they were signed, and
	 * leaves out leading zeros.
	 */
	if (octets.end - octets.at == P256_SIZE + 1 && octets.at[0] == 0)
		octets.at++;
	n = (size_t)(octets.end - octets.at);
	if (!curve_is_known || n < 1 || n > P256_SIZE)
		return false;
	memset(number, 0, P256_SIZE - n);
	memcpy(number + P256_SIZE - n, octets.at, n);
	return true;
}

static bool
parse_pkcs8(struct der d, uint8_t number[P256_SIZE])
{
	struct der info, version, algorithm, oid, curve, key;

	if (!der_take(&d, DER_SEQUENCE, &info) || !der_take(&info, DER_INTEGER, &version) ||
	    !der_take(&info, DER_SEQUENCE, &algorithm) || !der_take(&algorithm, DER_OID, &oid) ||
	    !is(&oid, ec_public_key, sizeof(ec_public_key)) ||
	    !der_take(&algorithm, DER_OID, &curve) || !is(&curve, prime256v1, sizeof(prime256v1)) ||
	    !der_take(&info, DER_OCTETS, &key))
		return false;
	return parse_ec_key(key, true, number);
}

bool
p256_parse(const char *pem, uint8_t number[P256_SIZE])
{
	static const char pkcs8[] = "-----BEGIN PRIVATE KEY-----",
			  sec1[] = "-----BEGIN EC PRIVATE KEY-----";
	bool is_pkcs8 = strncmp(pem, pkcs8, strlen(pkcs8)) == 0, found;
	const char *begin = pem + strlen(is_pkcs8 ? pkcs8 : sec1), *end;
	struct base64_decode_ctx ctx;
	uint8_t der[DER_MAX];
	size_t len = sizeof(der);

	if (!is_pkcs8 && strncmp(pem, sec1, strlen(sec1)) != 0)
		return false;
	end = strstr(begin, "-----END");
	if (end == NULL || BASE64_DECODE_LENGTH((size_t)(end - begin)) > DER_MAX)
		return false;
	base64_decode_init(&ctx);
	found = base64_decode_update(&ctx, &len, der, (size_t)(end - begin), begin) &&
	    base64_decode_final(&ctx) &&
	    (is_pkcs8 ? parse_pkcs8((struct der){ der, der + len }, number) :
			parse_ec_key((struct der){ der, der + len }, false, number));
	explicit_bzero(der, sizeof(der));
	return found;
}

/* Each signature needs a number that nobody can guess; without one the process must not go on. */
static void
random_bytes(void *ctx, size_t n, uint8_t *out)
{
	(void)ctx;
	while (n > 0) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0)
			__builtin_trap();
		out += got;
		n -= (size_t)got;
	}
}

static size_t
put_integer(uint8_t *out, const mpz_t number)
{
	size_t len = nettle_mpz_sizeinbase_256_s(number);

	out[0] = DER_INTEGER;
	out[1] = (uint8_t)len;
	nettle_mpz_get_str_256(len, out + 2, number);
	return len + 2;
}

ssize_t
p256_sign(const uint8_t number[P256_SIZE], const uint8_t hash[32], uint8_t out[P256_SIGNATURE_MAX])
{
	struct dsa_signature signature;
	struct ecc_scalar key;
	ssize_t len = -1;
	mpz_t n;

	nettle_mpz_init_set_str_256_u(n, P256_SIZE, number);
	ecc_scalar_init(&key, nettle_get_secp_256r1());
	if (ecc_scalar_set(&key, n)) {
		dsa_signature_init(&signature);
		ecdsa_sign(&key, NULL, random_bytes, 32, hash, &signature);
		len = 2 + (ssize_t)put_integer(out + 2, signature.r);
		len += (ssize_t)put_integer(out + len, signature.s);
		out[0] = DER_SEQUENCE;
		out[1] = (uint8_t)(len - 2);
		dsa_signature_clear(&signature);
	}
	ecc_scalar_clear(&key);
	mpz_clear(n);
	return len;
}
