/* Reads a certificate's names and key. */

#include "tls/certificate.h"

#include <string.h>

#include "key/der.h"

/* Takes a whole name, including its tag: names are compared byte by byte. */
static bool
take_name(struct der *d, const uint8_t **name, size_t *n)
{
	struct der inside;

	*name = d->at;
	if (!der_take(d, DER_SEQUENCE, &inside))
		return false;
	*n = (size_t)(d->at - *name);
	return true;
}

/* An uncompressed point on P-256 has only one encoding as SubjectPublicKeyInfo (RFC 5480). */
static const uint8_t *
p256_point(const struct der *key)
{
	static const uint8_t head[] = { 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
		0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
		0x04 };

	if (key->end - key->at != (ptrdiff_t)sizeof(head) + 64 ||
	    memcmp(key->at, head, sizeof(head)) != 0)
		return NULL;
	return key->at + sizeof(head);
}

static bool
begins(const struct der *d, const char *with, size_t n)
{
	return (size_t)(d->end - d->at) >= n && memcmp(d->at, with, n) == 0;
}

#define BEGINS(d, with) begins(d, with, sizeof(with) - 1)

/* Whether the algorithm in SubjectPublicKeyInfo is RSA, or EC on P-256, P-384 or P-521. */
static bool
is_common_key(struct der key)
{
	struct der algorithm;

	return der_take(&key, DER_SEQUENCE, &algorithm) &&
	    (BEGINS(&algorithm, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") ||
		BEGINS(&algorithm,
		    "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"
		    "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07") ||
		BEGINS(&algorithm,
		    "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22") ||
		BEGINS(&algorithm,
		    "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"));
}

int
certificate_read(const uint8_t *der, size_t n, struct certificate *out)
{
	struct der whole = { der, der + n }, outer, tbs, key, skipped;
	bool is_one = der_take(&whole, DER_SEQUENCE, &outer) && whole.at == whole.end &&
	    der_take(&outer, DER_SEQUENCE, &tbs) &&
	    der_take(&tbs, DER_CONTEXT_0, &skipped) && /* version */
	    der_take(&tbs, DER_INTEGER, &skipped) &&   /* serial number */
	    der_take(&tbs, DER_SEQUENCE, &skipped) &&  /* algorithm */
	    take_name(&tbs, &out->issuer, &out->issuer_len) &&
	    der_take(&tbs, DER_SEQUENCE, &skipped) && /* validity */
	    take_name(&tbs, &out->subject, &out->subject_len) && der_take(&tbs, DER_SEQUENCE, &key);

	if (!is_one)
		return -1;
	out->p256 = p256_point(&key);
	out->is_common = is_common_key(key);
	return 0;
}
