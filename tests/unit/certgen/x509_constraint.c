/*
 * What a CA may sign for: a table with the verdict on each domain and range, and on each name under
 * them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "x509/cert.h"
#include "request/scope.h"
#include "x509/constraint.h"
#include "x509/key.h"

static const struct {
	const char *text, *reason;
} bad[] = {
	{ "", "empty" },
	{ "*.example.org", "without a star" },
	{ "10.0.0.0/", "not a range" },
	{ "10.0.0.0/33", "not a range" },
	{ "10.0.0.0/-1", "must be a name or an address" },
	{ "10.0.0/8", "not a range" },
	{ "::/129", "not a range" },
	{ "/8", "must be a name or an address" },
	{ "10.0.0.0/8/8", "must be a name or an address" },
	{ "example.org/8", "must be a name or an address" },
	{ "https://example.org", "must be a name or an address" },
	{ "fe80::1%eth0/64", "scope" },
	{ "bad_name", "'_'" },
	{ "example.org.", "ends in a dot" },
};

static const struct {
	const char *text, *name;
	size_t ip_len;
	unsigned prefix;
} good[] = {
	{ "example.org", "example.org", 0, 0 },
	{ "localhost", "localhost", 0, 0 },
	{ "B\303\234CHER.example", "xn--bcher-kva.example", 0, 0 },
	{ "10.1.2.3", "10.1.2.3", 4, 32 },
	{ "10.0.0.0/8", "10.0.0.0/8", 4, 8 },
	{ "0.0.0.0/0", "0.0.0.0/0", 4, 0 },
	{ "::1", "::1", 16, 128 },
	{ "2001:db8::/32", "2001:db8::/32", 16, 32 },
	{ "fd00::/7", "fd00::/7", 16, 7 },
};

static const struct {
	const char *name;
	int permitted;
} verdicts[] = {
	{ "example.org", 1 },
	{ "db.example.org", 1 },
	{ "a.b.example.org", 1 },
	{ "*.example.org", 1 },
	{ "localhost", 1 },
	{ "example.com", 0 },
	{ "notexample.org", 0 },
	{ "org", 0 },
	{ "example.org.evil.com", 0 },
	{ "*.evil.com", 0 },
	{ "10.255.0.1", 1 },
	{ "192.0.2.64", 1 },
	{ "192.0.2.127", 1 },
	{ "192.0.2.63", 0 },
	{ "192.0.2.128", 0 },
	{ "11.0.0.1", 0 },
	{ "::1", 0 },
	{ "::ffff:10.0.0.1", 0 },
};

static void
bad_domains_and_ranges_are_refused_with_a_reason(void **state)
{
	struct failure why;
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (scope_parse(bad[i].text, &name, &why) == 0)
			fail_msg("'%s' was taken", bad[i].text);
		if (strstr(why.text, bad[i].reason) == NULL)
			fail_msg("'%s': %s", bad[i].text, why.text);
	}
}

static void
good_ones_are_read(void **state)
{
	struct failure why;
	struct name name;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (scope_parse(good[i].text, &name, &why) == -1)
			fail_msg("'%s': %s", good[i].text, why.text);
		assert_string_equal(name.text, good[i].name);
		assert_int_equal(name.ip_len, good[i].ip_len);
		assert_int_equal(name.prefix, good[i].prefix);
	}
}

static gnutls_x509_crt_t
make_ca(const char *may)
{
	struct request *request = calloc(1, sizeof(*request));
	struct key key;
	gnutls_x509_crt_t cert;

	request_init(request, REQUEST_AUTHORITY);
	assert_int_equal(request_set(request, REQUEST_NAMES, may, NULL), 0);
	assert_int_equal(request_set_common(request, "test CA", NULL), 0);
	request->key = key_kind_parse(KEY_DEFAULT, NULL);
	assert_int_equal(key_make(&key, request->key, NULL), 0);
	assert_non_null(cert = cert_make(request, &key, time(NULL), NULL));
	key_free(&key);
	free(request);
	return cert;
}

static void
each_name_is_held_against_them(void **state)
{
	gnutls_x509_crt_t ca = make_ca("example.org localhost 10.0.0.0/8 192.0.2.64/26");
	struct name name;
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		assert_int_equal(name_parse(verdicts[i].name, &name, NULL), 0);
		if (constraint_permits(ca, &name) != verdicts[i].permitted)
			fail_msg("%s", verdicts[i].name);
	}
	assert_string_equal(constraint_text(ca, text, sizeof(text)),
	    "example.org localhost 10.0.0.0/8 192.0.2.64/26");
	gnutls_x509_crt_deinit(ca);
}

static void
a_common_name_with_a_dot_is_misread_outside_of_the_domain(void **state)
{
	static const char *const misread[] = { "john.doe", "a_b.c", "1.2" };
	static const char *const fine[] = { "john", "john doe.x", ".john", "john.", "a..b",
		"john@doe.x", "j.example.org" };
	gnutls_x509_crt_t ca = make_ca("example.org");

	(void)state;
	for (size_t i = 0; i < sizeof(misread) / sizeof(misread[0]); i++)
		assert_true(constraint_misreads(ca, misread[i]));
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (constraint_misreads(ca, fine[i]))
			fail_msg("%s", fine[i]);
	gnutls_x509_crt_deinit(ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_domains_and_ranges_are_refused_with_a_reason),
		cmocka_unit_test(good_ones_are_read),
		cmocka_unit_test(each_name_is_held_against_them),
		cmocka_unit_test(a_common_name_with_a_dot_is_misread_outside_of_the_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
