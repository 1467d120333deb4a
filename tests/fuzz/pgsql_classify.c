/* libFuzzer: eight bytes, and an ErrorResponse whose size and texts the fuzzer chooses. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/pgsql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
classify(const uint8_t *data)
{
	size_t length = 0;

	switch (pgsql_classify(data, &length)) {
	case PGSQL_CANCEL: must(length >= 16 && length <= PGSQL_CANCEL_MAX); break;
	case PGSQL_STARTUP: must(length >= PGSQL_HEAD && length <= PGSQL_STARTUP_MAX); break;
	case PGSQL_SSL:
	case PGSQL_GSSENC: must(length == PGSQL_HEAD); break;
	case PGSQL_TLS: must(data[0] == 0x16 && data[1] == 3); break;
	case PGSQL_UNKNOWN: break;
	}
}

/* Checks that the packet's length is right, and that all fields end inside it. */
static void
check_packet(const uint8_t *out, size_t len, size_t size)
{
	size_t at = 5;

	must(len <= size && len > 5 && out[0] == 'E');
	must(((size_t)out[1] << 24 | (size_t)out[2] << 16 | (size_t)out[3] << 8 | out[4]) ==
	    len - 1);
	while (at < len - 1) {
		const uint8_t *end = memchr(out + at, '\0', len - 1 - at);

		must(end != NULL && out[at] != '\0');
		at = (size_t)(end - out) + 1;
	}
	must(at == len - 1 && out[at] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room, len;
	char *text;
	uint8_t *out;

	if (size < PGSQL_HEAD)
		return 0;
	classify(data);
	room = 64 + (size_t)(data[6] << 8 | data[7]) % 2000;
	text = calloc(1, size - PGSQL_HEAD + 1);
	out = malloc(room);
	must(text != NULL && out != NULL);
	memcpy(text, data + PGSQL_HEAD, size - PGSQL_HEAD);
	len = pgsql_error(
	    out, room, "57P03", text, data[0] & 1 ? text : NULL, data[0] & 2 ? text : NULL);
	check_packet(out, len, room);
	free(out);
	free(text);
	return 0;
}
