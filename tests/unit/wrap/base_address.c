/* What is written on a command line: addresses, numbers, durations, the place of a pid file. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "parse.h"
#include "base/address.h"
#include "listener/pidfile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
bad_endpoints_are_refused(void **state)
{
	static const char *const bad[] = { "", ":", "host:", "::1", "::1:5432", "fe80::1%lo:1",
		":::", "[::1]", "[::1]:", "[]:1", "a:b:1" };
	char long_host[300], long_port[80];
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (address_split(bad[i], &e) == 0)
			fail_msg(
			    "\"%s\" was taken: host \"%s\", port \"%s\"", bad[i], e.host, e.port);
	memset(long_host, 'h', sizeof(long_host));
	memcpy(long_host + sizeof(long_host) - 4, ":80", 4);
	assert_int_equal(address_split(long_host, &e), -1);
	memset(long_port, '1', sizeof(long_port));
	long_port[sizeof(long_port) - 1] = '\0';
	assert_int_equal(address_split(long_port, &e), -1);
}

static void
endpoints_are_split_at_the_last_colon(void **state)
{
	static const char *const good[][3] = { { "5432", "", "5432" }, { ":5432", "", "5432" },
		{ "localhost:5432", "localhost", "5432" }, { "[::1]:5432", "::1", "5432" },
		{ "127.0.0.1:x", "127.0.0.1", "x" }, { "postgresql", "", "postgresql" } };
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(address_split(good[i][0], &e), 0);
		assert_string_equal(e.host, good[i][1]);
		assert_string_equal(e.port, good[i][2]);
	}
}

static void
expect_addresses(const char *text, bool listening, int n, const char *first, const char *second)
{
	struct address_list list;
	struct endpoint e;
	struct failure why;
	char shown[ADDRESS_TEXT];

	assert_int_equal(address_split(text, &e), 0);
	assert_int_equal(address_resolve(&e, listening, &list, &why), 0);
	assert_int_equal(list.n, n);
	address_format(&list.at[0], shown);
	assert_string_equal(shown, first);
	if (n > 1) {
		address_format(&list.at[1], shown);
		assert_string_equal(shown, second);
	}
}

static void
localhost_and_numbers_ask_nobody(void **state)
{
	(void)state;
	expect_addresses("5432", false, 2, "127.0.0.1:5432", "[::1]:5432");
	expect_addresses("localhost:5432", false, 2, "127.0.0.1:5432", "[::1]:5432");
	expect_addresses("localhost:5432", true, 2, "127.0.0.1:5432", "[::1]:5432");
	expect_addresses("9000", true, 2, "[::]:9000", "0.0.0.0:9000");
	expect_addresses("127.0.0.77:1", false, 1, "127.0.0.77:1", "");
	expect_addresses("[2001:db8::1]:65535", false, 1, "[2001:db8::1]:65535", "");
	expect_addresses("[::ffff:192.0.2.1]:80", false, 1, "192.0.2.1:80", "");
	expect_addresses("0", false, 2, "127.0.0.1:0", "[::1]:0");
}

static void
bad_ports_are_refused_with_the_reason(void **state)
{
	static const char *const bad[] = { "65536", "-1", "+1", "0x50", "80 ", "no-such-service",
		"99999999999999999999" };
	struct address_list list;
	struct failure why;
	struct endpoint e;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(address_split(bad[i], &e), 0);
		if (address_resolve(&e, false, &list, &why) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_int_equal(why.code, EX_USAGE);
		assert_non_null(strstr(why.text, bad[i]));
		assert_non_null(strstr(why.text, "/etc/services"));
	}
}

static void
a_lone_address_has_no_port_and_no_brackets(void **state)
{
	static const char *const bad[] = { "", "localhost", "127.0.0.1:80", "[::1]", "127.1",
		"::1%lo", "256.0.0.1", "1.2.3.4 " };
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (address_parse_ip(bad[i], &a) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(address_parse_ip("127.0.0.77", &a), 0);
	assert_int_equal(a.sa.ss_family, AF_INET);
	assert_int_equal(address_parse_ip("::1", &a), 0);
	assert_int_equal(a.sa.ss_family, AF_INET6);
}

static void
an_interface_belongs_to_a_link_local_address_alone(void **state)
{
	static const char *const none[] = { "::1%1", "2001:db8::1%1", "127.0.0.1%1", "%1" };
	static const char *const missing[] = { "fe80::1%", "fe80::1%no.such", "fe80::1%0",
		"fe80::1%-1", "fe80::%1%1" };
	char shown[ADDRESS_TEXT], host[256];
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		if (address_parse_scoped(none[i], &a) != ADDRESS_NONE)
			fail_msg("\"%s\" was taken", none[i]);
	for (size_t i = 0; i < COUNT(missing); i++)
		if (address_parse_scoped(missing[i], &a) != ADDRESS_NO_INTERFACE)
			fail_msg("\"%s\" was taken", missing[i]);
	assert_int_equal(address_parse_scoped("fe80::1%17", &a), 0);
	assert_int_equal(address_interface(&a), 17);
	address_format(&a, shown);
	assert_string_equal(shown, "[fe80::1%17]:0");
	assert_int_equal(address_parse_ip("fe80::1%17", &a), -1);
	address_bare_host("fe80::1%eth0", host);
	assert_string_equal(host, "fe80::1");
	address_bare_host("a%b", host);
	assert_string_equal(host, "a%b");
}

static void
what_is_no_socket_is_shown_as_a_dash(void **state)
{
	char shown[ADDRESS_TEXT];
	int fds[2];

	(void)state;
	address_of_self(9999, shown);
	assert_string_equal(shown, "-");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	address_of_self(fds[0], shown);
	assert_string_equal(shown, "unix");
	assert_int_equal(close(fds[0]) | close(fds[1]), 0);
}

static void
numbers_are_whole_and_in_range(void **state)
{
	static const char *const bad[] = { "", " 1", "1 ", "+1", "-1", "1x", "0x1", "1.0", "11",
		"99999999999999999999", "\t1" };
	long n = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_number(bad[i], 0, 10, &n) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(n, 42);
	assert_int_equal(parse_number("10", 0, 10, &n), 0);
	assert_int_equal(n, 10);
	assert_int_equal(parse_number("007", 0, 10, &n), 0);
	assert_int_equal(n, 7);
	assert_int_equal(parse_number("0", 1, 10, &n), -1);
}

static void
bad_durations_are_refused(void **state)
{
	static const char *const bad[] = { "", "0", "0s", "0ms", "-1s", "+1s", "1d", "1 s", "s",
		"1S", "1sec", "1.5s", "Off", "off ", "9223372036854775807h", "99999999999999999999",
		"721h", "2592001", "ms", "1mss", "1e3" };
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parse_duration(bad[i], &ms) == 0)
			fail_msg("\"%s\" was taken as %lld", bad[i], (long long)ms);
	assert_int_equal(ms, 42);
}

static void
durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = { { "1ms", 1 }, { "500ms", 500 }, { "1", 1000 }, { "10s", 10000 },
		{ "5m", 300000 }, { "1h", 3600000 }, { "720h", 2592000000 },
		{ "2592000", 2592000000 }, { "2592000000ms", 2592000000 }, { "off", PARSE_OFF } };
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(parse_duration(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
}

static void
a_pid_file_has_a_place_that_cannot_be_mistaken(void **state)
{
	char path[PIDFILE_MAX], longest[PIDFILE_MAX + 10];
	struct failure why;

	(void)state;
	assert_int_equal(pidfile_path("pid", "s", path, &why), -1);
	assert_int_equal(why.code, EX_USAGE);
	assert_int_equal(pidfile_path("", "s", path, &why), -1);
	assert_int_equal(pidfile_path(".", "s", path, &why), -1);
	assert_int_equal(pidfile_path("None", "s", path, &why), -1);
	assert_int_equal(pidfile_path("/no/such/", "s", path, &why), -1);
	assert_non_null(strstr(why.text, "there is no such directory"));
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(pidfile_path(longest, "s", path, &why), -1);
	assert_non_null(strstr(why.text, "too long"));
	assert_int_equal(pidfile_path(NULL, "s", path, &why), 0);
	assert_string_equal(path, "");
	assert_int_equal(pidfile_path("none", "s", path, &why), 0);
	assert_string_equal(path, "");
	assert_int_equal(pidfile_path("/tmp/", "localhost.5432", path, &why), 0);
	assert_string_equal(path, "/tmp/inetls.localhost.5432.pid");
	assert_int_equal(pidfile_path("/tmp", "s", path, &why), 0);
	assert_string_equal(path, "/tmp/inetls.s.pid");
	assert_int_equal(pidfile_path("/no/such/file", "s", path, &why), 0);
	assert_string_equal(path, "/no/such/file");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_endpoints_are_refused),
		cmocka_unit_test(bad_ports_are_refused_with_the_reason),
		cmocka_unit_test(bad_durations_are_refused),
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(a_lone_address_has_no_port_and_no_brackets),
		cmocka_unit_test(an_interface_belongs_to_a_link_local_address_alone),
		cmocka_unit_test(what_is_no_socket_is_shown_as_a_dash),
		cmocka_unit_test(a_pid_file_has_a_place_that_cannot_be_mistaken),
		cmocka_unit_test(endpoints_are_split_at_the_last_colon),
		cmocka_unit_test(localhost_and_numbers_ask_nobody),
		cmocka_unit_test(durations_have_units),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
