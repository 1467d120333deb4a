/*
 * The CA's record: what is read from it, what is appended, and what happens to a line that was cut
 * off.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/draft.h"
#include "ca/index.h"
#include "file.h"

#define A "issued\t0A\t2026-11-24T08:00:00Z\t2029-02-25T08:00:00Z\tserver\tdb.example.org\n"
#define B "issued\t0B\t2026-11-24T08:00:01Z\t2029-02-25T08:00:01Z\tclient\tCN=alice\n"
#define REVOKED_A "revoked\t0A\t2026-11-25T08:00:00Z\n"

static int
setup(void **state)
{
	char *dir = strdup("/tmp/certgen_index.XXXXXX");

	*state = dir;
	return mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

static int
teardown(void **state)
{
	(void)unlink("index");
	if (chdir("/") == -1 || rmdir(*state) == -1)
		return -1;
	free(*state);
	return 0;
}

static void
holds(const char *wanted)
{
	char *text;
	size_t len;

	assert_int_equal(file_read("index", 4096, &text, &len, NULL), 0);
	assert_string_equal(text, wanted);
	free(text);
}

static void
put(const char *text)
{
	assert_int_equal(draft_replace("index", 0600, text, strlen(text), NULL), 0);
}

static void
open_index(struct index *index)
{
	struct failure why;

	if (index_open(index, "index", &why) == -1)
		fail_msg("%s", why.text);
}

static void
bad_lines_are_named_and_nothing_goes_on(void **state)
{
	static const char *const bad[] = {
		"hello\n",
		A "issued\n",
		"issued\t0A\n",
		"issued\t0A\tyesterday\t2029-02-25T08:00:00Z\tserver\tx\n",
		"issued\t0a\t2026-11-24T08:00:00Z\t2029-02-25T08:00:00Z\tserver\tx\n",
		"issued\t0A\t2026-11-24T08:00:00\t2029-02-25T08:00:00Z\tserver\tx\n",
		"ISSUED\t0A\t2026-11-24T08:00:00Z\t2029-02-25T08:00:00Z\tserver\tx\n",
		"revoked\tABC\t2026-11-24T08:00:00Z\n",
		"issued\t\t2026-11-24T08:00:00Z\t2029-02-25T08:00:00Z\tserver\tx\n",
		"issued\t0123456789012345678901234567890123456789AB\t2026-11-24T08:00:00Z\t2029-02-25T08:00:00Z\ts\tx\n",
	};
	struct index index;
	struct failure why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(bad[i]);
		assert_int_equal(index_open(&index, "index", &why), -1);
		assert_int_equal(why.code, EX_DATAERR);
		assert_non_null(strstr(why.text, i == 1 ? "line 2" : "line 1"));
	}
	(void)unlink("index");
	assert_int_equal(index_open(&index, "index", &why), -1);
	assert_int_equal(why.code, EX_NOINPUT);
}

static void
a_second_one_waits_and_gives_up(void **state)
{
	struct index one, two;
	struct failure why;

	(void)state;
	put(A);
	open_index(&one);
	assert_int_equal(index_open(&two, "index", &why), -1);
	assert_int_equal(why.code, EX_TEMPFAIL);
	index_close(&one);
	open_index(&two);
	index_close(&two);
	index_close(&two);
}

static void
events_are_found(void **state)
{
	struct index index;
	struct index_entry entry;
	size_t at = 0;

	(void)state;
	put(INDEX_HEAD A B REVOKED_A "crl\t1F\t2026-11-25T08:00:00Z\t2026-12-25T08:00:00Z\n\n");
	open_index(&index);
	assert_true(index_issued(&index, "0A") && index_issued(&index, "0B"));
	assert_true(index_revoked(&index, "0A"));
	assert_false(index_revoked(&index, "0B") || index_issued(&index, "0C") ||
	    index_issued(&index, "1F"));
	assert_int_equal(index_next(&index, &at, &entry), 1);
	assert_int_equal(entry.when, 1795507200);
	assert_int_equal(entry.rest_len, strlen("server\tdb.example.org"));
	assert_memory_equal(entry.rest, "server\tdb.example.org", entry.rest_len);
	for (int i = 0; i < 3; i++)
		assert_int_equal(index_next(&index, &at, &entry), 1);
	assert_int_equal(entry.event, INDEX_CRL);
	assert_string_equal(entry.serial, "1F");
	assert_int_equal(index_next(&index, &at, &entry), 0);
	index_close(&index);
}

static void
what_is_appended_is_read_again(void **state)
{
	struct index_entry b = { .event = INDEX_ISSUED,
		.serial = "0B",
		.when = 1795507201,
		.expires = 1866700801,
		.rest = "client\tCN=alice",
		.rest_len = 15 };
	struct index_entry revoked = { .event = INDEX_REVOKED, .serial = "0A", .when = 1795593600 };
	struct index index;

	(void)state;
	put(A);
	open_index(&index);
	assert_int_equal(index_append(&index, &b, NULL), 0);
	assert_int_equal(index_append(&index, &revoked, NULL), 0);
	index_close(&index);
	holds(A B REVOKED_A);
}

static void
a_cut_off_line_is_closed_once_and_never_counts(void **state)
{
	struct index_entry revoked = { .event = INDEX_REVOKED, .serial = "0A", .when = 1795593600 };
	struct index index;

	(void)state;
	put(A "issued\t0B\t2026-1");
	open_index(&index);
	assert_false(index_issued(&index, "0B"));
	assert_int_equal(index_append(&index, &revoked, NULL), 0);
	assert_int_equal(index_append(&index, &revoked, NULL), 0);
	index_close(&index);
	holds(A "issued\t0B\t2026-1 #\n" REVOKED_A REVOKED_A);
	open_index(&index);
	assert_false(index_issued(&index, "0B"));
	index_close(&index);
}

static void
what_finds_no_place_leaves_the_file_as_it_was(void **state)
{
	const struct rlimit none = { sizeof(A) - 1 + 10, RLIM_INFINITY };
	struct index_entry revoked = { .event = INDEX_REVOKED, .serial = "0A", .when = 1795593600 };
	struct rlimit saved;
	struct index index;
	struct failure why;

	(void)state;
	put(A);
	open_index(&index);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(index_append(&index, &revoked, &why), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
	assert_int_equal(why.code, EX_IOERR);
	holds(A);
	assert_int_equal(index_append(&index, &revoked, NULL), 0);
	index_close(&index);
	holds(A REVOKED_A);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    bad_lines_are_named_and_nothing_goes_on, setup, teardown),
		cmocka_unit_test_setup_teardown(a_second_one_waits_and_gives_up, setup, teardown),
		cmocka_unit_test_setup_teardown(events_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_appended_is_read_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_cut_off_line_is_closed_once_and_never_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_finds_no_place_leaves_the_file_as_it_was, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
