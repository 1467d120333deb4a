/* What may be asked for, and that a refusal leaves the request unchanged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request/request.h"

static int
setup(void **state)
{
	struct request *request = malloc(sizeof(*request));

	if (request == NULL)
		return -1;
	request_init(request, REQUEST_SERVER);
	*state = request;
	return 0;
}

static int
teardown(void **state)
{
	free(*state);
	return 0;
}

/* A text of len characters c. */
static const char *
repeat(const char *character, int len, char *buf)
{
	*buf = '\0';
	for (int i = 0; i < len; i++)
		strcat(buf, character);
	return buf;
}

static void
bad_answers_leave_the_request_as_it_was(void **state)
{
	static const struct {
		enum request_field field;
		const char *text, *reason;
	} bad[] = {
		{ REQUEST_NAMES, "", "at least one" },
		{ REQUEST_NAMES, " , ", "at least one" },
		{ REQUEST_NAMES, "a.example b_c", "'_'" },
		{ REQUEST_ORG, "a\033b", "control" },
		{ REQUEST_ORG, "\303", "UTF-8" },
		{ REQUEST_COUNTRY, "GBR", "two letters" },
		{ REQUEST_COUNTRY, "G", "two letters" },
		{ REQUEST_COUNTRY, "G1", "two letters" },
		{ REQUEST_COUNTRY, "\303\234", "two letters" },
		{ REQUEST_COUNTRY, "@[", "two letters" },
		{ REQUEST_VALID_DAYS, "", "number of days" },
		{ REQUEST_VALID_DAYS, "0", "number of days" },
		{ REQUEST_VALID_DAYS, "-1", "number of days" },
		{ REQUEST_VALID_DAYS, "1y", "number of days" },
		{ REQUEST_VALID_DAYS, "36501", "number of days" },
		{ REQUEST_VALID_DAYS, "99999999999999999999", "number of days" },
	};
	struct request *request = *state;

	assert_int_equal(request_set(request, REQUEST_NAMES, "old.example", NULL), 0);
	assert_int_equal(request_set(request, REQUEST_COUNTRY, "DE", NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct failure why = { 0, "" };

		if (request_set(request, bad[i].field, bad[i].text, &why) != -1 ||
		    why.code != EX_DATAERR || strstr(why.text, bad[i].reason) == NULL)
			fail_msg("'%s': %s", bad[i].text, why.text);
	}
	assert_int_equal(request->name_count, 1);
	assert_string_equal(request->names[0].text, "old.example");
	assert_string_equal(request->org, "");
	assert_string_equal(request->country, "DE");
	assert_int_equal(request->days, 825);
}

static void
bad_more_names_than_fit_are_refused(void **state)
{
	char name[32];

	for (int i = 0; i < REQUEST_NAMES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "h%d.example", i);
		assert_int_equal(request_add_name(*state, name, NULL), 0);
	}
	assert_int_equal(request_add_name(*state, "one.more.example", NULL), -1);
}

static void
texts_are_bounded_in_characters_not_bytes(void **state)
{
	static const struct {
		enum request_field field;
		int max;
	} bounds[] = { { REQUEST_ORG, 64 }, { REQUEST_LOCALITY, 128 }, { REQUEST_STATE, 128 } };
	char buf[1024], back[1024];

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		enum request_field field = bounds[i].field;

		assert_int_equal(
		    request_set(*state, field, repeat("a", bounds[i].max + 1, buf), NULL), -1);
		assert_int_equal(request_set(*state, field,
				     repeat("\360\237\230\200", bounds[i].max, buf), NULL),
		    0);
		assert_string_equal(request_get(*state, field, back, sizeof(back)), buf);
	}
}

static void
names_may_be_separated_by_blanks_and_commas(void **state)
{
	char buf[256];

	assert_int_equal(
	    request_set(*state, REQUEST_NAMES, " a.example,b.example,  10.0.0.1\tA.EXAMPLE ", NULL),
	    0);
	assert_string_equal(
	    request_get(*state, REQUEST_NAMES, buf, sizeof(buf)), "a.example b.example 10.0.0.1");
}

static void
the_client_is_shown_a_name_that_it_can_connect_to(void **state)
{
	char buf[NAME_MAX_LEN + 8];

	assert_int_equal(request_set(*state, REQUEST_NAMES, "*.example.org", NULL), 0);
	assert_string_equal(request_host(*state, buf, sizeof(buf)), "db.example.org");
	assert_int_equal(request_add_name(*state, "www.example.org", NULL), 0);
	assert_string_equal(request_host(*state, buf, sizeof(buf)), "www.example.org");
}

static void
this_host_has_a_name(void **state)
{
	struct request *request = *state;

	request_add_own_names(request);
	assert_true(request->name_count >= 1);
	assert_string_equal(request->names[request->name_count - 1].text, "localhost");
}

static void
a_country_is_written_in_capitals_and_may_be_empty(void **state)
{
	struct request *request = *state;

	assert_int_equal(request_set(request, REQUEST_COUNTRY, "gb", NULL), 0);
	assert_string_equal(request->country, "GB");
	assert_int_equal(request_set(request, REQUEST_COUNTRY, "", NULL), 0);
	assert_string_equal(request->country, "");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bad_answers_leave_the_request_as_it_was),
		TEST(bad_more_names_than_fit_are_refused),
		TEST(texts_are_bounded_in_characters_not_bytes),
		TEST(names_may_be_separated_by_blanks_and_commas),
		TEST(the_client_is_shown_a_name_that_it_can_connect_to),
		TEST(this_host_has_a_name),
		TEST(a_country_is_written_in_capitals_and_may_be_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
