/* Reads the part of DER that keys and names need. */

#include "key/der.h"

#include <stddef.h>

#define LENGTH_MAX 3 /* bytes of a length field: elements under 16 MB */

bool
der_take_vector(struct der *d, size_t bytes, struct der *inside)
{
	size_t len = 0;

	if ((size_t)(d->end - d->at) < bytes)
		return false;
	for (; bytes > 0; bytes--)
		len = len << 8 | *d->at++;
	if ((size_t)(d->end - d->at) < len)
		return false;
	inside->at = d->at;
	inside->end = d->at += len;
	return true;
}

bool
der_take(struct der *d, uint8_t tag, struct der *inside)
{
	size_t bytes;

	if (d->end - d->at < 2 || d->at[0] != tag)
		return false;
	d->at++;
	if (*d->at < 0x80)
		return der_take_vector(d, 1, inside);
	bytes = *d->at++ & 0x7f;
	return bytes >= 1 && bytes <= LENGTH_MAX && der_take_vector(d, bytes, inside);
}
