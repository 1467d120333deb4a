/* Versions of installed libraries, tried with files that have only the parts that are looked at. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tls/installed.h"

#define ID "0101010101010101010101010101010101010101"
#define OTHER "0201010101010101010101010101010101010101"

static char path[] = "/tmp/installed.test.XXXXXX";

/* Makes a library with this text and, if first is not 0, a note whose build id begins with it. */
static void
make(const char *text, unsigned char first)
{
	static const unsigned char note[] = { 4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U',
		0 };
	unsigned char id[20];
	FILE *f;

	memcpy(path + sizeof(path) - 7, "XXXXXX", 6);
	f = fdopen(mkstemp(path), "wb");
	assert_non_null(f);
	memset(id, 1, sizeof(id));
	id[0] = first;
	fwrite("\177ELF", 1, 4, f);
	if (first != 0) {
		fwrite(note, 1, sizeof(note), f);
		fwrite(id, 1, sizeof(id), f);
	}
	fwrite(text, 1, strlen(text), f);
	assert_int_equal(fclose(f), 0);
}

static bool
differs(const char *text, unsigned char first, const char *version, const char *id, char *said)
{
	bool r;

	make(text, first);
	r = installed_differs(
	    &(struct installed_inside){ "GnuTLS", version, "", id }, path, said, 512);
	assert_int_equal(unlink(path), 0);
	return r;
}

static void
bad_files_are_passed_over(void **state)
{
	const struct installed_inside inside = { "GnuTLS", "3.7.9", "", ID };
	char said[512];

	(void)state;
	assert_false(installed_differs(&inside, "/nowhere/libgnutls.so.30", said, 512));
	assert_false(installed_differs(&inside, "/", said, 512));
	assert_false(installed_differs(&inside, "/dev/zero", said, 512));
	assert_false(differs("", 0, "3.7.9", ID, said));
}

static void
versions_are_compared_by_number(void **state)
{
	char said[512];

	(void)state;
	assert_true(differs("xxEnabled GnuTLS 3.10.0 logging...", 1, "3.9.9", ID, said));
	assert_string_equal(said,
	    "GnuTLS: 3.9.9 is linked in, and 3.10.0 is installed; build and install inetls again");
	assert_true(differs("Enabled GnuTLS 3.7.10", 0, "3.7.9", "", said));
	assert_true(differs("Enabled GnuTLS 4", 0, "3.7.9", "", said));
	assert_false(differs("Enabled GnuTLS 3.7.9", 0, "3.7.10", "", said));
	assert_false(differs("Enabled GnuTLS 3.7.9", 0, "3.7.9", "", said));
}

static void
the_same_version_built_anew_is_told(void **state)
{
	char said[512];

	(void)state;
	assert_false(differs("Enabled GnuTLS 3.7.9 logging...", 1, "3.7.9", ID, said));
	assert_true(differs("Enabled GnuTLS 3.7.9 logging...", 1, "3.7.9", OTHER, said));
	assert_non_null(strstr(said, " has been rebuilt since"));
	/* An older version is not recommended, and without a version nobody knows. */
	assert_false(differs("Enabled GnuTLS 3.7.8 logging...", 1, "3.7.9", OTHER, said));
	assert_false(differs("Enabled GnuTLS 3.7.9 logging...", 1, "3.7.9", "", said));
	assert_false(differs("Enabled GnuTLS 3.7.9 logging...", 0, "3.7.9", OTHER, said));
	/* A library that does not tell its version. */
	assert_true(differs("", 1, "3.8.1", OTHER, said));
	assert_false(differs("", 1, "3.8.1", ID, said));
	assert_true(differs("", 1, "", OTHER, said));
	assert_non_null(strstr(said, "GnuTLS: one is linked in, and /tmp/"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files_are_passed_over),
		cmocka_unit_test(versions_are_compared_by_number),
		cmocka_unit_test(the_same_version_built_anew_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
