/* Questions and answers without a terminal: the input is a string, the output too. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dialogue/prompt.h"

struct talk {
	struct request request;
	struct failure why;
	char *shown;
};

static int
setup(void **state)
{
	struct talk *talk = calloc(1, sizeof(*talk));

	if (talk == NULL)
		return -1;
	request_init(&talk->request, REQUEST_SERVER);
	*state = talk;
	return request_add_name(&talk->request, "db.example.org", NULL);
}

static int
teardown(void **state)
{
	struct talk *talk = *state;

	free(talk->shown);
	free(talk);
	return 0;
}

/* Answers all questions, or with confirm only the last one. */
static int
answer(struct talk *talk, int confirm, const char *answers, size_t len)
{
	size_t size;
	FILE *in = tmpfile(), *out = open_memstream(&talk->shown, &size);
	int r;

	assert_non_null(in);
	assert_non_null(out);
	assert_int_equal(fwrite(answers, 1, len, in), len);
	rewind(in);
	if (confirm)
		r = prompt_confirm("Write it?", in, out, &talk->why);
	else
		r = prompt_request(&talk->request, in, out, &talk->why);
	assert_int_equal(fclose(in), 0);
	assert_int_equal(fclose(out), 0);
	return r;
}

static int
questions(struct talk *talk, const char *answers)
{
	return answer(talk, 0, answers, strlen(answers));
}

static void
bad_end_of_input_ends_each_question(void **state)
{
	static const char all[] = "a.example\nOrg\nCity\nState\nGB\n30\n";

	for (size_t len = 0; len + 1 < sizeof(all); len++) {
		struct talk *talk = *state;

		free(talk->shown);
		talk->shown = NULL;
		assert_int_equal(answer(talk, 0, all, len), -1);
		assert_int_equal(talk->why.code, EX_DATAERR);
		assert_non_null(strstr(talk->why.text, "nothing was written"));
	}
}

static void
bad_three_refusals_end_it(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(questions(talk, "\n\n\n\nGBR\nG\n12\nGB\n\n"), -1);
	assert_int_equal(talk->why.code, EX_DATAERR);
	assert_non_null(strstr(talk->shown, "  'GBR' is not a country"));
	assert_non_null(strstr(talk->shown, "  '12' is not a country"));
}

static void
bad_bytes_are_refused_and_not_shown_raw(void **state)
{
	static const char answers[] = "a\0b.example\n\033[2J\na.example\n\n\n\n\n\n";
	struct talk *talk = *state;

	assert_int_equal(answer(talk, 0, answers, sizeof(answers) - 1), 0);
	assert_null(strchr(talk->shown, '\033'));
	assert_non_null(strstr(talk->shown, "\\x1b[2J"));
	assert_string_equal(talk->request.names[0].text, "a.example");
}

static void
bad_a_line_without_end_is_refused(void **state)
{
	struct talk *talk = *state;
	size_t len = 100000;
	char *answers = malloc(len + 1);

	memset(answers, 'a', len);
	memcpy(answers + 50000, "\na.example\n\n\n\n\n\n", 16);
	answers[50016] = '\0';
	assert_int_equal(questions(talk, answers), 0);
	assert_string_equal(talk->request.names[0].text, "a.example");
	free(answers);
}

/* Fifty names are allowed, but not in one line of so many bytes: cut, some would be lost. */
static void
bad_a_line_that_is_too_long_is_refused_and_not_cut(void **state)
{
	struct talk *talk = *state;
	char answers[8192] = "";
	size_t used = 0;

	for (int i = 0; i < 50; i++)
		used += (size_t)snprintf(
		    answers + used, sizeof(answers) - used, "%060d.%030d.example.org ", i, i);
	(void)snprintf(answers + used, sizeof(answers) - used, "\n\n\n\n\n\n\n");
	assert_int_equal(questions(talk, answers), 0);
	assert_non_null(strstr(talk->shown, "the line is longer than 4095 bytes"));
	assert_int_equal(talk->request.name_count, 1);
	assert_string_equal(talk->request.names[0].text, "db.example.org");
}

static void
bad_no_means_no(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(answer(talk, 1, "n\n", 2), -1);
	assert_non_null(strstr(talk->why.text, "nothing was written"));
}

static void
bad_what_is_neither_yes_nor_no_is_asked_again(void **state)
{
	assert_int_equal(answer(*state, 1, "j\nja\nsi\ny\n", 10), -1);
}

static void
empty_answers_take_the_defaults(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(questions(talk, "\n\n\n\n\n\n"), 0);
	assert_string_equal(talk->request.names[0].text, "db.example.org");
	assert_int_equal(talk->request.days, 825);
	assert_non_null(strstr(talk->shown, "[db.example.org]"));
	assert_non_null(strstr(talk->shown, "[825]"));
}

static void
answers_are_taken_and_a_dot_empties_a_field(void **state)
{
	struct talk *talk = *state;

	assert_int_equal(request_set(&talk->request, REQUEST_STATE, "Kent", NULL), 0);
	assert_int_equal(
	    questions(talk, " x.example, y.example \nExample Ltd\nLondon\n.\nXYZ\ngb\n30\n"), 0);
	assert_int_equal(talk->request.name_count, 2);
	assert_string_equal(talk->request.org, "Example Ltd");
	assert_string_equal(talk->request.locality, "London");
	assert_string_equal(talk->request.state, "");
	assert_string_equal(talk->request.country, "GB");
	assert_int_equal(talk->request.days, 30);
}

static void
an_empty_answer_confirms(void **state)
{
	assert_int_equal(answer(*state, 1, "\n", 1), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bad_end_of_input_ends_each_question),
		TEST(bad_three_refusals_end_it),
		TEST(bad_bytes_are_refused_and_not_shown_raw),
		TEST(bad_a_line_without_end_is_refused),
		TEST(bad_a_line_that_is_too_long_is_refused_and_not_cut),
		TEST(bad_no_means_no),
		TEST(bad_what_is_neither_yes_nor_no_is_asked_again),
		TEST(empty_answers_take_the_defaults),
		TEST(answers_are_taken_and_a_dot_empties_a_field),
		TEST(an_empty_answer_confirms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
