/* Names, good and bad: a table with the verdict of each. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request/name.h"

#define L63 "a23456789012345678901234567890123456789012345678901234567890123"
#define L61 "a234567890123456789012345678901234567890123456789012345678901"
#define N253 L63 "." L63 "." L63 "." L61

static const struct {
	const char *text, *reason;
} bad[] = {
	{ "", "empty" },
	{ ".", "ends in a dot" },
	{ "*", "star" },
	{ "*.", "ends in a dot" },
	{ "*.org", "too wide" },
	{ "*.*.example.org", "star" },
	{ "a.*.example.org", "star" },
	{ "a*.example.org", "star" },
	{ "example.org.", "ends in a dot" },
	{ ".example.org", "dot too many" },
	{ "a..b", "dot too many" },
	{ "-a.example.org", "hyphen" },
	{ "a-.example.org", "hyphen" },
	{ "a.-b", "hyphen" },
	{ "bad name", "' '" },
	{ "my_db", "'_'" },
	{ "a,b", "','" },
	{ "a\tb", "control" },
	{ "a\033[2Jb", "control" },
	{ "a\177", "control" },
	{ "caf\303", "UTF-8" },
	{ "\303\050.example", "UTF-8" },
	{ "\355\240\200.example", "UTF-8" },
	{ "a\342\200\256b.example", "control" },
	{ "a\357\274\217b.example", "no domain name may have" },
	{ "x\302\255y.example", "no domain name may have" },
	{ "a\342\200\215b.example", "no domain name may have" },
	{ "a b\303\274.example", "' '" },
	{ "\303\274_x.example", "'_'" },
	{ "\303\274..b", "dot too many" },
	{ "\357\274\221.\357\274\222", "not an IP address" },
	{ "xn--zzzzzz.example", "xn--" },
	{ "db:5432", "without brackets, port" },
	{ "https://example.org", "without brackets, port" },
	{ "10.0.0.0/8", "without brackets, port" },
	{ "[::1]", "without brackets" },
	{ "[fd77::1]:9000", "without brackets, port" },
	{ "fe80::1%eth0", "scope" },
	{ "::1::", "without brackets, port" },
	{ "256.1.1.1", "not an IP address" },
	{ "1.2.3", "not an IP address" },
	{ "7", "not an IP address" },
	{ "a" L63 ".example", "63 characters" },
	{ N253 "1", "253" },
	{ "*." N253, "253" },
	{ "xn--.example", "hyphen" },
};

static const struct {
	const char *text, *ascii, *unicode;
	size_t ip_len;
} good[] = {
	{ "db.example.org", "db.example.org", "", 0 },
	{ "DB.Example.ORG", "db.example.org", "", 0 },
	{ "localhost", "localhost", "", 0 },
	{ "a", "a", "", 0 },
	{ "3com.com", "3com.com", "", 0 },
	{ "a--b.example", "a--b.example", "", 0 },
	{ "*.example.org", "*.example.org", "", 0 },
	{ L63 ".example", L63 ".example", "", 0 },
	{ N253, N253, "", 0 },
	{ "b\303\274cher.example", "xn--bcher-kva.example", "b\303\274cher.example", 0 },
	{ "B\303\234CHER.example", "xn--bcher-kva.example", "B\303\234CHER.example", 0 },
	{ "*.b\303\274cher.example", "*.xn--bcher-kva.example", "*.b\303\274cher.example", 0 },
	{ "xn--bcher-kva.example", "xn--bcher-kva.example", "b\303\274cher.example", 0 },
	{ "fa\303\237.de", "xn--fa-hia.de", "fa\303\237.de", 0 },
	{ "127.0.0.1", "127.0.0.1", "", 4 },
	{ "::1", "::1", "", 16 },
	{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1", "", 16 },
	{ "::ffff:10.0.0.1", "::ffff:10.0.0.1", "", 16 },
};

static void
bad_names_are_refused_with_their_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct failure why = { 0, "" };
		struct name name;
		int r = name_parse(bad[i].text, &name, &why);

		if (r != -1 || why.code != EX_DATAERR ||
		    (bad[i].reason != NULL && strstr(why.text, bad[i].reason) == NULL))
			fail_msg("'%s': %d, %s", bad[i].text, r, r == -1 ? why.text : name.text);
		assert_null(strchr(why.text, '\n'));
	}
}

static void
bad_a_very_long_name_is_refused(void **state)
{
	char *text = malloc(10001);
	struct name name;

	(void)state;
	memset(text, 'a', 10000);
	text[10000] = '\0';
	assert_int_equal(name_parse(text, &name, NULL), -1);
	free(text);
}

static void
good_names_have_one_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct failure why = { 0, "" };
		struct name name;

		if (name_parse(good[i].text, &name, &why) == -1)
			fail_msg("'%s': %s", good[i].text, why.text);
		assert_string_equal(name.text, good[i].ascii);
		assert_string_equal(name.unicode, good[i].unicode);
		assert_int_equal(name.ip_len, good[i].ip_len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_names_are_refused_with_their_reason),
		cmocka_unit_test(bad_a_very_long_name_is_refused),
		cmocka_unit_test(good_names_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
