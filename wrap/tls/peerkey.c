/* Limits the size of keys in a peer's certificates, before we compute with them. */

#include "tls/peerkey.h"

#include "key/der.h"
#include "strength.h"

#define EXPONENT_BITS 64   /* OpenSSL has the same limit, except for small keys */
#define SMALL_KEY 64       /* up to so many bytes, any key is cheap to compute with */
#define OTHER_KEY_MAX 3000 /* bytes of a key that is not RSA; the largest of ML-DSA has 2,592 */
#define MALFORMED "peer's certificate cannot be read"

/* Takes an INTEGER: its size in bits without leading zeros, 0 if there is none. */
static size_t
take_number(struct der *d, struct der *number)
{
	size_t bits;

	if (!der_take(d, DER_INTEGER, number))
		return 0;
	while (number->at < number->end && *number->at == 0)
		number->at++;
	bits = (size_t)(number->end - number->at) * 8;
	for (unsigned top = bits > 0 ? *number->at : 0x80; top < 0x80; top <<= 1)
		bits--;
	return bits;
}

/*
 * If a BIT STRING holds two numbers, they are checked as RSA's modulus and exponent, whatever the
 * object identifier says: GnuTLS knows half a dozen for RSA.
 */
static const char *
refuse_key(struct der key)
{
	struct der pair, modulus, exponent;
	size_t len = (size_t)(key.end - key.at), modulus_bits, exponent_bits;

	if (len <= SMALL_KEY)
		return NULL;
	key.at++; /* skip the count of unused bits in the last byte */
	if (!der_take(&key, DER_SEQUENCE, &pair) ||
	    (modulus_bits = take_number(&pair, &modulus)) == 0 ||
	    (exponent_bits = take_number(&pair, &exponent)) == 0)
		return len > OTHER_KEY_MAX ? "peer's certificate has a key that nobody makes" :
					     NULL;
	if (modulus_bits > STRENGTH_RSA_BITS_MAX)
		return "peer's certificate has an RSA key of more than 8192 bits";
	if (exponent_bits > EXPONENT_BITS || (modulus.end[-1] & 1) == 0)
		return "peer's certificate has an RSA key that nobody makes";
	return NULL;
}

/* Skips the fields before the key (RFC 5280, 4.1) and checks the key. */
static const char *
refuse_certificate(struct der *d)
{
	struct der outer, tbs, skipped, info, algorithm, key;

	if (!der_take(d, DER_SEQUENCE, &outer) || !der_take(&outer, DER_SEQUENCE, &tbs))
		return MALFORMED;
	if (tbs.at < tbs.end && *tbs.at == DER_CONTEXT_0)
		(void)der_take(&tbs, DER_CONTEXT_0, &skipped);
	if (!der_take(&tbs, DER_INTEGER, &skipped))
		return MALFORMED;
	for (int i = 0; i < 4; i++)
		if (!der_take(&tbs, DER_SEQUENCE, &skipped))
			return MALFORMED;
	if (!der_take(&tbs, DER_SEQUENCE, &info) || !der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&info, DER_BITS, &key))
		return MALFORMED;
	if (algorithm.end - algorithm.at > OTHER_KEY_MAX)
		return "peer's certificate has a key that nobody makes";
	return refuse_key(key);
}

const char *
peerkey_refuse(const unsigned char *message, size_t n, bool tls13)
{
	struct der d = { message, message + n }, list, one, skipped;
	const char *why = NULL;
	int count = 0;

	if ((tls13 && !der_take_vector(&d, 1, &skipped)) || !der_take_vector(&d, 3, &list))
		return MALFORMED;
	while (why == NULL && list.at < list.end) {
		if (!der_take_vector(&list, 3, &one) ||
		    (tls13 && !der_take_vector(&list, 2, &skipped)))
			return MALFORMED;
		why = ++count > PEERKEY_CHAIN_MAX ?
		    "peer shows a chain of more than 16 certificates" :
		    refuse_certificate(&one);
	}
	return why;
}
