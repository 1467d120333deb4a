/*
 * libFuzzer: the names of a StartupMessage.  The first byte says in which pieces the rest comes. In
 * any pieces the result is that of a second reader, which has the whole message before it as
 * PostgreSQL's ProcessStartupPacket has.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/pgsql.h"
#include "protocol/pgsql_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
set_name(struct protocol_heard *h, const char *key, const char *value)
{
	static const char *const keys[PROTOCOL_NAMES] = { "user", "database", "application_name" };

	for (size_t i = 0; i < PROTOCOL_NAMES; i++)
		if (strcmp(key, keys[i]) == 0) {
			memset(h->names[i], 0, sizeof(h->names[i]));
			strncpy(h->names[i], value, sizeof(h->names[i]) - 1);
		}
}

/* text has length bytes, and a NUL behind them. */
static void
read_whole(const char *text, size_t length, struct protocol_heard *h)
{
	size_t at = PGSQL_HEAD;

	memset(h, 0, sizeof(*h));
	while (at < length) {
		const char *key = text + at, *value = key + strlen(key) + 1;

		if (*key == '\0') {
			h->whole = at == length - 1;
			return;
		}
		if ((size_t)(value - text) >= length)
			return;
		set_name(h, key, value);
		at = (size_t)(value - text) + strlen(value) + 1;
	}
}

static void
hear(struct protocol_heard *h, const uint8_t *data, size_t size, size_t piece)
{
	size_t at = 0, n;
	bool more = true;

	memset(h, 0, sizeof(*h));
	while (at < size && more) {
		n = size - at < piece ? size - at : piece;
		more = pgsql_hear(h, data + at, n);
		at += n;
	}
	must(h->len <= size && (more || h->over));
	for (size_t i = 0; i < PROTOCOL_NAMES; i++)
		must(memchr(h->names[i], '\0', sizeof(h->names[i])) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct protocol_heard once, pieces, expected = { .whole = false };
	size_t piece, length;
	char *text;

	if (size < 1 + PGSQL_HEAD)
		return 0;
	piece = (size_t)*data++ + 1;
	size--;
	hear(&once, data, size, size);
	hear(&pieces, data, size, piece);
	if (pgsql_classify(data, &length) == PGSQL_STARTUP && length <= size && data[5] == 3 &&
	    data[4] == 0) {
		text = calloc(1, length + 1);
		must(text != NULL);
		memcpy(text, data, length);
		read_whole(text, length, &expected);
		free(text);
	}
	must(once.whole == expected.whole && pieces.whole == expected.whole);
	for (size_t i = 0; i < PROTOCOL_NAMES && expected.whole; i++) {
		must(strcmp(once.names[i], expected.names[i]) == 0);
		must(strcmp(pieces.names[i], expected.names[i]) == 0);
	}
	return 0;
}
