/* Reads the part of DER that keys and names need. */

#include "key/der.h"

#include <stddef.h>

#define LENGTH_MAX 3 /* bytes of a length field: elements under 16 MB */

bool
der_take(struct der *d, uint8_t tag, struct der *inside)
{
	size_t len, bytes;

	if (d->end - d->at < 2 || d->at[0] != tag)
		return false;
	len = d->at[1];
	d->at += 2;
	if (len >= 0x80) {
		bytes = len & 0x7f;
		if (bytes < 1 || bytes > LENGTH_MAX || (size_t)(d->end - d->at) < bytes)
			return false;
		for (len = 0; bytes > 0; bytes--)
			len = len << 8 | *d->at++;
	}
	if ((size_t)(d->end - d->at) < len)
		return false;
	inside->at = d->at;
	inside->end = d->at += len;
	return true;
}
