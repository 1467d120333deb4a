/*
 * Reads the names in a StartupMessage, byte by byte: it may come in pieces, and needs no buffer
 * this way.  Nothing counts before the message is whole and well-formed.
 */

#include "protocol/pgsql_names.h"

#include <string.h>

#include "protocol/pgsql.h"

#define VERSION 3 /* the major version whose messages have such names */

static const char *const keys[PROTOCOL_NAMES] = { [PROTOCOL_USER] = "user",
	[PROTOCOL_DATABASE] = "database",
	[PROTOCOL_APPLICATION] = "application_name" };

/* Adds a byte to a string, or drops it where there is no more room. */
static void
add(char *text, size_t size, size_t *len, unsigned char c)
{
	if (*len < size - 1)
		text[(*len)++] = (char)c;
	text[*len] = '\0';
}

/* The head is here: whether names follow. */
static bool
names_follow(struct protocol_heard *h)
{
	return pgsql_classify(h->begin, &h->length) == PGSQL_STARTUP &&
	    pgsql_get_u32(h->begin + 4) >> 16 == VERSION;
}

/* A key is at its end: which name follows, if one that matters does. */
static void
begin_value(struct protocol_heard *h)
{
	h->in_value = true;
	h->name = 0;
	h->value_len = 0;
	while (h->name < PROTOCOL_NAMES && strcmp(h->key, keys[h->name]) != 0)
		h->name++;
	if (h->name < PROTOCOL_NAMES)
		h->names[h->name][0] = '\0';
}

static void
hear_key(struct protocol_heard *h, unsigned char c)
{
	if (c != '\0')
		add(h->key, sizeof(h->key), &h->key_len, c);
	else if (h->key_len > 0)
		begin_value(h);
	else {
		/* An empty key is the end of the list, and must be that of the message. */
		h->over = true;
		h->whole = h->len == h->length;
	}
}

static void
hear_value(struct protocol_heard *h, unsigned char c)
{
	if (c == '\0') {
		h->in_value = false;
		h->key_len = 0;
	} else if (h->name < PROTOCOL_NAMES)
		add(h->names[h->name], sizeof(h->names[0]), &h->value_len, c);
}

static void
hear_byte(struct protocol_heard *h, unsigned char c)
{
	if (h->len < PGSQL_HEAD) {
		h->begin[h->len++] = c;
		h->over = h->len == PGSQL_HEAD && !names_follow(h);
		return;
	}
	h->len++;
	if (h->in_value)
		hear_value(h, c);
	else
		hear_key(h, c);
	h->over |= h->len == h->length;
}

bool
pgsql_hear(struct protocol_heard *h, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n && !h->over; i++)
		hear_byte(h, data[i]);
	return !h->over;
}
