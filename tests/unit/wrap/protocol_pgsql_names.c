/*
 * The names in a StartupMessage are those that PostgreSQL takes, in whatever pieces the message
 * comes; and what is no StartupMessage has none.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/pgsql.h"
#include "protocol/pgsql_names.h"

static unsigned char message[20000];

/* Builds a message with that code and body; its length counts more bytes than it has if more > 0.
 */
static size_t
build(uint32_t code, const char *body, size_t n, size_t more)
{
	pgsql_put_u32(message, PGSQL_HEAD + n + more);
	pgsql_put_u32(message + 4, code);
	memcpy(message + PGSQL_HEAD, body, n);
	return PGSQL_HEAD + n;
}

static struct protocol_heard
hear(size_t n, size_t piece)
{
	struct protocol_heard h;
	bool more = true;

	memset(&h, 0, sizeof(h));
	for (size_t at = 0; at < n; at += piece) {
		assert_true(more || h.over);
		more = pgsql_hear(&h, message + at, n - at < piece ? n - at : piece);
		assert_int_equal(more, !h.over);
	}
	return h;
}

struct row {
	const char *body;
	size_t n;
	const char *user, *database, *application;
};

#define ROW(body, user, database, application)                       \
	{                                                            \
		body "\0", sizeof(body), user, database, application \
	}

static void
names_are_found_in_any_pieces(void **state)
{
	static const struct row rows[] = {
		ROW("", "", "", ""),
		ROW("user\0alice\0", "alice", "", ""),
		ROW("user\0alice\0database\0app\0application_name\0psql\0client_encoding\0UTF8\0",
		    "alice", "app", "psql"),
		ROW("database\0app\0user\0alice\0", "alice", "app", ""),
		ROW("user\0alice\0user\0bob\0", "bob", "", ""), /* the last, as PostgreSQL */
		ROW("user\0alice\0user\0\0", "", "", ""),
		ROW("user\0database\0database\0user\0", "database", "user", ""),
		ROW("User\0a\0user \0b\0use\0c\0application_nameX\0d\0application_name_\0e\0", "",
		    "", ""),
		ROW("user\0a b=c\"\\\n\r\t\x1b[2J\x7f\xff\0", "a b=c\"\\\n\r\t\x1b[2J\x7f\xff", "",
		    ""),
		ROW("options\0-c user=mallory\0replication\0true\0user\0x\0", "x", "", ""),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 80; piece++) {
			struct protocol_heard h = hear(
			    build(0x30000, rows[i].body, rows[i].n, 0), piece);

			if (!h.whole || strcmp(h.names[PROTOCOL_USER], rows[i].user) != 0 ||
			    strcmp(h.names[PROTOCOL_DATABASE], rows[i].database) != 0 ||
			    strcmp(h.names[PROTOCOL_APPLICATION], rows[i].application) != 0)
				fail_msg("row %zu in pieces of %zu", i, piece);
		}
}

static void
bad_messages_have_no_names(void **state)
{
	static const char good[] = "user\0alice\0";
	static const struct {
		uint32_t code;
		const char *body;
		size_t n, more;
	} rows[] = {
		{ 0x30000, good, sizeof(good), 1 },     /* cut off */
		{ 0x30000, good, sizeof(good), 9000 },  /* the same */
		{ 0x30000, good, sizeof(good), 10000 }, /* longer than PostgreSQL takes */
		{ 0x30000, good, sizeof(good) - 1, 0 }, /* no end of the list */
		{ 0x30000, good, sizeof(good) - 2, 0 }, /* no end of the value */
		{ 0x30000, good, 4, 0 },                /* no end of the key */
		{ 0x30000, good, 5, 0 },                /* no value */
		{ 0x30000, "user\0alice\0\0more", 16, 0 },
		{ 0x30000, "", 0, 0 },
		{ 0x20000, good, sizeof(good), 0 }, /* protocol 2 */
		{ 0x40000, good, sizeof(good), 0 },
		{ 80877102, good, sizeof(good), 0 },
		{ 80877103, "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t piece = 1; piece < 40; piece++)
			if (hear(build(rows[i].code, rows[i].body, rows[i].n, rows[i].more), piece)
				.whole)
				fail_msg("row %zu in pieces of %zu", i, piece);
}

static void
what_follows_the_message_is_not_heard(void **state)
{
	static const char good[] = "user\0alice\0";
	size_t n = build(0x30002, good, sizeof(good), 0);
	struct protocol_heard h;

	(void)state;
	memcpy(message + n, "Q\0\0\0\x10user\0bob\0\0", 16);
	h = hear(n + 16, n + 16);
	assert_true(h.whole);
	assert_int_equal(h.len, n);
	assert_string_equal(h.names[PROTOCOL_USER], "alice");
}

static void
a_name_is_cut_where_postgresql_cuts_it(void **state)
{
	static char body[PGSQL_STARTUP_MAX - PGSQL_HEAD];
	struct protocol_heard h;

	(void)state;
	memset(body, 'x', sizeof(body));
	memcpy(body, "user", 5);
	body[sizeof(body) - 2] = body[sizeof(body) - 1] = '\0';
	for (size_t piece = 1; piece <= 16384; piece *= 2) {
		h = hear(build(0x30000, body, sizeof(body), 0), piece);
		assert_true(h.whole);
		assert_int_equal(strlen(h.names[PROTOCOL_USER]), 63);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_messages_have_no_names),
		cmocka_unit_test(what_follows_the_message_is_not_heard),
		cmocka_unit_test(names_are_found_in_any_pieces),
		cmocka_unit_test(a_name_is_cut_where_postgresql_cuts_it),
	};

	return cmocka_run_group_tests_name("pgsql_names", tests, NULL, NULL);
}
