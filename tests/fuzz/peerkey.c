/*
 * libFuzzer: peerkey_refuse on a Certificate message, of TLS 1.3 if the first byte is odd.  The
 * message ends where its memory ends, so that reading beyond it is found.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/peerkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char *message;
	const char *why;

	if (size < 1 || (message = malloc(size - 1)) == NULL)
		return 0;
	memcpy(message, data + 1, size - 1);
	why = peerkey_refuse(message, size - 1, data[0] & 1);
	if (why != NULL && strncmp(why, "peer", 4) != 0)
		abort();
	free(message);
	return 0;
}
