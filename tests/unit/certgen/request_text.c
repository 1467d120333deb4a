/* UTF-8 and what may be shown on a terminal. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request/text.h"

static void
bad_text_has_no_length(void **state)
{
	static const char *const bad[] = { "\001", "a\nb", "\177", "\302\205", "\300\200",
		"\340\200\200", "\303", "\342\202", "\360\237\230", "\200", "\377", "\355\240\200",
		"\364\220\200\200", "\342\200\256", "\342\201\246", "\357\273\277",
		"\357\277\277" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (text_length(bad[i]) != -1)
			fail_msg("number %zu was taken", i);
}

static void
characters_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(text_length(""), 0);
	assert_int_equal(text_length("Zuse & Co."), 10);
	assert_int_equal(text_length("\303\234ber"), 4);
	assert_int_equal(text_length("\342\202\254\360\237\230\200"), 2);
}

static void
printing_escapes_what_could_steer_a_terminal(void **state)
{
	char *out = NULL;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	(void)state;
	text_print(f, "a\033[2J\303\274\303\n\\");
	assert_int_equal(fclose(f), 0);
	assert_string_equal(out, "a\\x1b[2J\303\274\\xc3\\x0a\\");
	free(out);
}

static void
trimming_takes_blanks_off_both_ends(void **state)
{
	char text[] = " \t a b \r\n", blank[] = "  ", empty[] = "";

	(void)state;
	assert_string_equal(text_trim(text), "a b");
	assert_string_equal(text_trim(blank), "");
	assert_string_equal(text_trim(empty), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_text_has_no_length),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(printing_escapes_what_could_steer_a_terminal),
		cmocka_unit_test(trimming_takes_blanks_off_both_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
