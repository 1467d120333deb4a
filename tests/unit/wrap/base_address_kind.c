/* What kind of address it is: -T lets a client come from some, and never from others. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address_kind.h"

static struct address
parsed(const char *text)
{
	struct address a = { .len = 0 };

	assert_int_equal(address_parse_ip(text, &a), 0);
	return a;
}

static void
each_kind(void **state)
{
	static const struct {
		const char *text;
		bool loopback, localhost, of_host;
	} table[] = {
		{ "127.0.0.1", true, true, true },
		{ "127.0.0.0", true, false, true },
		{ "127.255.255.255", true, false, true },
		{ "126.255.255.255", false, false, true },
		{ "128.0.0.0", false, false, true },
		{ "::ffff:127.0.0.1", true, true, true },
		{ "::ffff:127.9.9.9", true, false, true },
		{ "::1", true, true, true },
		{ "::2", false, false, true },
		{ "::127.0.0.1", false, false, true },
		{ "0.0.0.0", false, false, false },
		{ "0.255.255.255", false, false, false },
		{ "1.0.0.0", false, false, true },
		{ "223.255.255.255", false, false, true },
		{ "224.0.0.0", false, false, false },
		{ "240.0.0.1", false, false, false },
		{ "255.255.255.255", false, false, false },
		{ "::ffff:0.0.0.0", false, false, false },
		{ "::ffff:224.0.0.1", false, false, false },
		{ "::ffff:192.0.2.1", false, false, true },
		{ "::", false, false, false },
		{ "ff02::1", false, false, false },
		{ "fe80::1", false, false, true },
		{ "2001:db8::1", false, false, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct address a = parsed(table[i].text);

		print_message("%s\n", table[i].text);
		assert_int_equal(address_is_loopback(&a), table[i].loopback);
		assert_int_equal(address_is_localhost(&a), table[i].localhost);
		assert_int_equal(address_is_of_host(&a), table[i].of_host);
	}
}

static void
no_ip_address(void **state)
{
	struct address a;

	(void)state;
	assert_int_equal(address_unix("/run/x", &a), 0);
	assert_false(address_is_loopback(&a));
	assert_false(address_is_localhost(&a));
	assert_false(address_is_of_host(&a));
}

static void
same_ip(void **state)
{
	struct address v4 = parsed("192.0.2.1"), mapped = parsed("::ffff:192.0.2.1"),
		       v6 = parsed("2001:db8::1"), other = parsed("192.0.2.2"), out;

	(void)state;
	assert_true(address_same_ip(&v4, &mapped));
	assert_true(address_same_ip(&v6, &v6));
	assert_false(address_same_ip(&v4, &other));
	assert_false(address_same_ip(&v4, &v6));
	address_unmap(&mapped, &out);
	assert_int_equal(out.sa.ss_family, AF_INET);
	assert_int_equal(out.len, v4.len);
	assert_memory_equal(&out.sa, &v4.sa, v4.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),
		cmocka_unit_test(no_ip_address),
		cmocka_unit_test(same_ip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
