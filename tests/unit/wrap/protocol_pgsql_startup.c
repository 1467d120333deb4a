/*
 * Mechanisms that a program without TLS must not be offered are removed from AuthenticationSASL,
 * and nothing else is.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/pgsql_startup.h"

#define LIST(text) text, sizeof(text) - 1

struct row {
	const char *before;
	size_t n;
	const char *after;
	size_t left;
};

static void
try_rows(const struct row *rows, size_t count)
{
	unsigned char message[128];

	for (size_t i = 0; i < count; i++) {
		memcpy(message, rows[i].before, rows[i].n);
		if (pgsql_without_binding(message, rows[i].n) != rows[i].left ||
		    memcmp(message, rows[i].after, rows[i].left) != 0)
			fail_msg("row %zu", i);
	}
}

#define TRY(rows) try_rows(rows, sizeof(rows) / sizeof((rows)[0]))
#define SAME(text)                     \
	{                              \
		LIST(text), LIST(text) \
	}

static void
bad_or_other_messages_stay(void **state)
{
	static const struct row rows[] = {
		SAME(""),
		SAME("R"),
		SAME("R\0\0\0\x8\0\0\0\0"),
		SAME("R\0\0\0\xc\0\0\0\5salt"),
		SAME("E\0\0\0\x1c\0\0\0\xaSCRAM-SHA-256-PLUS\0\0"), /* another type */
		SAME("R\0\0\0\x1b\0\0\0\xaSCRAM-SHA-256-PLUS\0\0"), /* a wrong length */
		SAME("R\0\0\0\x1c\0\0\0\xbSCRAM-SHA-256-PLUS\0\0"), /* another code */
		SAME("R\0\0\0\x1a\0\0\0\xaSCRAM-SHA-256-PLUS"),     /* a name without its NUL */
		SAME("R\0\0\0\x8\0\0\0\xa"),
		SAME("R\0\0\0\x9\0\0\0\xa\0"),
	};

	(void)state;
	TRY(rows);
}

static void
binding_mechanisms_go(void **state)
{
	static const struct row rows[] = {
		{ LIST("R\0\0\0\x2a\0\0\0\xaSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
		    LIST("R\0\0\0\x17\0\0\0\xaSCRAM-SHA-256\0\0") },
		{ LIST("R\0\0\0\x2a\0\0\0\xaSCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0"),
		    LIST("R\0\0\0\x17\0\0\0\xaSCRAM-SHA-256\0\0") },
		{ LIST("R\0\0\0\x1c\0\0\0\xaSCRAM-SHA-256-PLUS\0\0"),
		    LIST("R\0\0\0\x9\0\0\0\xa\0") },
		SAME("R\0\0\0\x17\0\0\0\xaSCRAM-SHA-256\0\0"),
	};

	(void)state;
	TRY(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_or_other_messages_stay),
		cmocka_unit_test(binding_mechanisms_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
