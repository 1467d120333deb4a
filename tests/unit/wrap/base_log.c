/* The log: whatever a peer sends, it cannot end a line, forge a field or steer a terminal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "base/log.h"
#include "base/log_record.h"

static char path[] = "/tmp/inetls-log.XXXXXX";
static char text[1 << 16];

static int
set_up(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static int
take_down(void **state)
{
	(void)state;
	return unlink(path);
}

static void
begin(const char *service, int level)
{
	struct log_options o = { .service = service, .path = path, .level = level };
	struct failure why;

	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(log_open(&o, &why), 0);
}

/* Reads all that was logged; returns the number of lines. */
static int
read_back(void)
{
	FILE *f = fopen(path, "r");
	size_t n;
	int lines = 0;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	assert_int_equal(fclose(f), 0);
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\n')
			lines++;
		else if (text[i] < 0x20 || text[i] > 0x7e)
			fail_msg("byte %02x is in the log", (unsigned char)text[i]);
	}
	assert_true(n == 0 || text[n - 1] == '\n');
	return lines;
}

static void
a_line_cannot_be_forged(void **state)
{
	(void)state;
	begin("s", LEVEL_NOTICE);
	log_line(LEVEL_NOTICE, "a\nb\rc\td\033[2J\177\200\377 \303\274 \\ \"");
	assert_int_equal(read_back(), 1);
	assert_non_null(
	    strstr(text, "a\\x0ab\\x0dc\\x09d\\x1b[2J\\x7f\\x80\\xff \\xc3\\xbc \\ \"\n"));
}

static void
an_untrusted_value_cannot_forge_a_field(void **state)
{
	struct log_record r = { .len = 0 };

	(void)state;
	log_untrusted(&r, "sni", "x result=ok\\\"\n");
	assert_string_equal(r.text, "sni=x\\x20result\\x3dok\\x5c\\x22\\x0a");
	log_untrusted(&r, "alpn", "");
	log_quoted(&r, "reason", "say \"a\\b\" = c\n");
	assert_string_equal(r.text,
	    "sni=x\\x20result\\x3dok\\x5c\\x22\\x0a alpn=- reason=\"say \\x22a\\x5cb\\x22 = c\\x0a\"");
	log_field(&r, "n", "%d", 7);
	assert_non_null(strstr(r.text, "\\x0a\" n=7"));
	/* Text that is escaped once is not escaped again on its way out. */
	begin("s", LEVEL_NOTICE);
	log_line(LEVEL_NOTICE, "%s", r.text);
	assert_int_equal(read_back(), 1);
	assert_non_null(strstr(text, r.text));
}

static void
values_of_any_length_stay_one_line(void **state)
{
	static const char bytes[] = { 'x', '\n', '"', '\\', '\377' };
	char value[3000], service[128];

	(void)state;
	memset(service, 's', sizeof(service));
	service[sizeof(service) - 1] = '\0';
	begin(service, LEVEL_NOTICE);
	for (size_t b = 0; b < sizeof(bytes); b++)
		for (size_t n = 0; n < sizeof(value) - 1; n += n < 600 ? 1 : 97) {
			struct log_record r = { .len = 0 };

			memset(value, bytes[b], n);
			value[n] = '\0';
			log_untrusted(&r, "a", value);
			log_quoted(&r, "b", value);
			log_field(&r, "c", "%s", "plain");
			log_untrusted(&r, "d", value);
			assert_true(r.len < sizeof(r.text) && r.text[r.len] == '\0');
			assert_int_equal(strlen(r.text), r.len);
			assert_int_equal(truncate(path, 0), 0);
			log_line(LEVEL_NOTICE, "%s", r.text);
			log_line(LEVEL_NOTICE, "%s", value);
			log_line(LEVEL_NOTICE, "the next");
			if (read_back() != 3)
				fail_msg("%zu of byte %02x: not three lines", n,
				    (unsigned char)bytes[b]);
		}
}

static void
an_escape_is_whole_or_absent_where_a_value_is_cut(void **state)
{
	char value[600];

	(void)state;
	for (size_t n = 0; n < 10; n++) {
		struct log_record r = { .len = 0 };
		size_t len;

		memset(value, 'x', n);
		memset(value + n, '\001', sizeof(value) - 1 - n);
		value[sizeof(value) - 1] = '\0';
		log_untrusted(&r, "k", value);
		len = strlen(r.text);
		assert_memory_equal(r.text + len - 4, "\\x01", 4);
	}
}

static void
lines_above_the_level_are_dropped(void **state)
{
	(void)state;
	begin("s", LEVEL_WARNING);
	log_line(LEVEL_DEBUG, "debug");
	log_line(LEVEL_INFO, "info");
	log_line(LEVEL_NOTICE, "notice");
	assert_int_equal(read_back(), 0);
	log_line(LEVEL_WARNING, "warning");
	log_line(LEVEL_ERR, "error");
	assert_int_equal(read_back(), 2);
}

static void
a_line_names_service_and_process(void **state)
{
	char expected[64];

	(void)state;
	begin("pgssl", LEVEL_NOTICE);
	log_line(LEVEL_NOTICE, "x=%d", 1);
	assert_int_equal(read_back(), 1);
	(void)snprintf(expected, sizeof(expected), " pgssl[%ld]: x=1\n", (long)getpid());
	assert_non_null(strstr(text, expected));
}

static void
levels_and_facilities_are_read(void **state)
{
	static const char *const bad[] = { "", ".", "x", "notice.", ".notice", "daemon.x",
		"x.notice", "8", "-1", "1.1", "daemon.none", "DAEMON.NOTICE ", "daemon.notice.x",
		"+1", " 5", "mark.info" };
	int facility = -1, level = -1;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (log_parse_level(bad[i], &facility, &level) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_int_equal(facility, -1);
	assert_int_equal(level, -1);
	assert_int_equal(log_parse_level("debug", &facility, &level), 0);
	assert_int_equal(facility, 3 << 3);
	assert_int_equal(level, LEVEL_DEBUG);
	assert_int_equal(log_parse_level("local7.3", &facility, &level), 0);
	assert_int_equal(facility, 23 << 3);
	assert_int_equal(level, LEVEL_ERR);
	for (int i = 0; i <= 7; i++) {
		char number[2] = { (char)('0' + i), '\0' };

		assert_int_equal(log_parse_level(number, &facility, &level), 0);
		assert_int_equal(level, i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_cannot_be_forged),
		cmocka_unit_test(an_untrusted_value_cannot_forge_a_field),
		cmocka_unit_test(values_of_any_length_stay_one_line),
		cmocka_unit_test(an_escape_is_whole_or_absent_where_a_value_is_cut),
		cmocka_unit_test(lines_above_the_level_are_dropped),
		cmocka_unit_test(levels_and_facilities_are_read),
		cmocka_unit_test(a_line_names_service_and_process),
	};

	return cmocka_run_group_tests_name("log", tests, set_up, take_down);
}
