/* A certificate's names and key. */

#include "tls/certificate.h"

#include <string.h>

#include "key/der.h"

/* A whole name, its own tag included, for names are compared as they are written. */
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

/* SubjectPublicKeyInfo of an uncompressed point on P-256 (RFC 5480) has but one encoding. */
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
	return 0;
}
