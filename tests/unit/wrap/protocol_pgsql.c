/* What eight bytes ask for, and the packet that answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/pgsql.h"

#define SSL 80877103u
#define GSSENC 80877104u
#define CANCEL 80877102u
#define V(major, minor) ((uint32_t)(major) << 16 | (minor))

static enum pgsql_request
classify(uint32_t len, uint32_t code, size_t *length)
{
	unsigned char head[PGSQL_HEAD];

	for (unsigned i = 0; i < 4; i++) {
		head[i] = (unsigned char)(len >> (24 - 8 * i));
		head[4 + i] = (unsigned char)(code >> (24 - 8 * i));
	}
	return pgsql_classify(head, length);
}

struct row {
	uint32_t len, code;
	enum pgsql_request request;
};

static void
try_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = 4711;
		enum pgsql_request got = classify(rows[i].len, rows[i].code, &length);

		if (got != rows[i].request)
			fail_msg("length %u, code %u: %d", rows[i].len, rows[i].code, (int)got);
		if (got == PGSQL_CANCEL || got == PGSQL_STARTUP)
			assert_int_equal(length, rows[i].len);
	}
}

#define TRY(rows) try_rows(rows, sizeof(rows) / sizeof((rows)[0]))

static void
bad_length_or_code_is_unknown(void **state)
{
	static const struct row rows[] = {
		{ 7, SSL, PGSQL_UNKNOWN },
		{ 9, SSL, PGSQL_UNKNOWN },
		{ 0, SSL, PGSQL_UNKNOWN },
		{ UINT32_MAX, SSL, PGSQL_UNKNOWN },
		{ 0x08000000, SSL, PGSQL_UNKNOWN },
		{ 7, GSSENC, PGSQL_UNKNOWN },
		{ 9, GSSENC, PGSQL_UNKNOWN },
		{ 8, CANCEL - 1, PGSQL_UNKNOWN },
		{ 8, GSSENC + 1, PGSQL_UNKNOWN },
		{ 8, 0, PGSQL_UNKNOWN },
		{ 0, CANCEL, PGSQL_UNKNOWN },
		{ 8, CANCEL, PGSQL_UNKNOWN },
		{ 12, CANCEL, PGSQL_UNKNOWN },
		{ 15, CANCEL, PGSQL_UNKNOWN },
		{ PGSQL_CANCEL_MAX + 1, CANCEL, PGSQL_UNKNOWN },
		{ 0x80000010, CANCEL, PGSQL_UNKNOWN },
		{ UINT32_MAX, CANCEL, PGSQL_UNKNOWN },
		{ 0, V(3, 0), PGSQL_UNKNOWN },
		{ 4, V(3, 0), PGSQL_UNKNOWN },
		{ 7, V(3, 0), PGSQL_UNKNOWN },
		{ PGSQL_STARTUP_MAX + 1, V(3, 0), PGSQL_UNKNOWN },
		{ 0x7fffffff, V(3, 0), PGSQL_UNKNOWN },
		{ 0x80000008, V(3, 0), PGSQL_UNKNOWN },
		{ UINT32_MAX, V(3, 0), PGSQL_UNKNOWN },
		{ 100, V(0, 0), PGSQL_UNKNOWN },
		{ 100, V(1, 65535), PGSQL_UNKNOWN },
		{ 100, V(4, 0), PGSQL_UNKNOWN },
		{ 100, V(1234, 0), PGSQL_UNKNOWN },
		{ 0x47455420, 0x2f204854, PGSQL_UNKNOWN },
		{ 0, 0, PGSQL_UNKNOWN },
		{ UINT32_MAX, UINT32_MAX, PGSQL_UNKNOWN },
		/*
		 * Other records of TLS, other major versions, and the two bytes the wrong way
		 * round.
		 */
		{ 0x15030300, 0x02022800, PGSQL_UNKNOWN },
		{ 0x17030300, 0x10000000, PGSQL_UNKNOWN },
		{ 0x14030300, 0x01010000, PGSQL_UNKNOWN },
		{ 0x16020000, 0x02022800, PGSQL_UNKNOWN },
		{ 0x16040100, 0x02022800, PGSQL_UNKNOWN },
		{ 0x03160100, 0x02022800, PGSQL_UNKNOWN },
	};

	(void)state;
	TRY(rows);
}

static void
requests_are_known_to_their_last_length(void **state)
{
	static const struct row rows[] = {
		{ 8, SSL, PGSQL_SSL },
		{ 8, GSSENC, PGSQL_GSSENC },
		{ 16, CANCEL, PGSQL_CANCEL },
		{ 17, CANCEL, PGSQL_CANCEL },
		{ 44, CANCEL, PGSQL_CANCEL },
		{ PGSQL_CANCEL_MAX, CANCEL, PGSQL_CANCEL },
		{ 8, V(3, 0), PGSQL_STARTUP },
		{ 9, V(3, 0), PGSQL_STARTUP },
		{ 84, V(3, 2), PGSQL_STARTUP },
		{ 84, V(3, 9999), PGSQL_STARTUP },
		{ 84, V(3, 65535), PGSQL_STARTUP },
		{ 296, V(2, 0), PGSQL_STARTUP },
		{ PGSQL_STARTUP_MAX, V(3, 0), PGSQL_STARTUP },
		{ 0x16030100, 0xc8010000, PGSQL_TLS },
		{ 0x16030304, 0x00010000, PGSQL_TLS },
		/* Whatever the following bytes would mean. */
		{ 0x16030000, SSL, PGSQL_TLS },
		{ 0x1603ffff, CANCEL, PGSQL_TLS },
		{ 0x16030001, V(3, 0), PGSQL_TLS },
	};

	(void)state;
	TRY(rows);
}

/*
 * Checks one packet: its length is right, each field ends, the list of fields ends, no field comes
 * twice.
 */
static void
check_packet(const unsigned char *p, size_t len, size_t size)
{
	int seen[256] = { 0 };
	size_t at = 5;

	assert_true(len <= size);
	assert_int_equal(p[0], 'E');
	assert_int_equal(
	    (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4], len - 1);
	while (at < len - 1) {
		const unsigned char *end = memchr(p + at, '\0', len - 1 - at);

		assert_non_null(end);
		assert_int_equal(seen[p[at]]++, 0);
		at = (size_t)(end - p) + 1;
	}
	assert_int_equal(at, len - 1);
	assert_int_equal(p[at], '\0');
	/*
	 * The fields that every client needs (PostgreSQL manual, "Error and Notice Message
	 * Fields").
	 */
	assert_true(seen['S'] && seen['V'] && seen['C'] && seen['M']);
}

static void
bad_sizes_cut_the_text_and_not_the_packet(void **state)
{
	char text[700];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t size = 64; size < 1500; size++) {
		/* From the heap, so that a sanitizer notices writing beyond the end. */
		unsigned char *out = malloc(size);

		assert_non_null(out);
		check_packet(out, pgsql_error(out, size, "57P03", text, text, text), size);
		check_packet(out, pgsql_error(out, size, "57P03", text, NULL, NULL), size);
		check_packet(out, pgsql_error(out, size, "57P03", "m", text, "h"), size);
		check_packet(out, pgsql_error(out, size, "57P03", "m", NULL, text), size);
		check_packet(out, pgsql_error(out, size, "57P03", "", "", ""), size);
		free(out);
	}
	for (size_t n = 0; n < 80; n++) {
		unsigned char out[64];

		check_packet(out,
		    pgsql_error(out, sizeof(out), "28000", text + sizeof(text) - 1 - n, "d", "h"),
		    64);
	}
}

static void
error_holds_what_it_was_given(void **state)
{
	static const char wanted[] = "E\0\0\0\x27SFATAL\0VFATAL\0C28000\0Mno\0Dwhy\0Hdo\0";
	unsigned char out[128];

	(void)state;
	assert_int_equal(pgsql_error(out, sizeof(out), "28000", "no", "why", "do"), sizeof(wanted));
	assert_memory_equal(out, wanted, sizeof(wanted));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_length_or_code_is_unknown),
		cmocka_unit_test(bad_sizes_cut_the_text_and_not_the_packet),
		cmocka_unit_test(requests_are_known_to_their_last_length),
		cmocka_unit_test(error_holds_what_it_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
