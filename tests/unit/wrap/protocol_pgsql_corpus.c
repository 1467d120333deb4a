/* Runs all inputs that the fuzzers of pgsql have kept; tests/fuzz says what must hold. */

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#define check_packet check_classify_packet
#define LLVMFuzzerTestOneInput replay_classify
#include "../../fuzz/pgsql_classify.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput replay_reader
#include "../../fuzz/pgsql_reader.c"
#undef LLVMFuzzerTestOneInput

#undef check
#include <cmocka.h>

static void
replay(const char *dir, int (*target)(const uint8_t *, size_t))
{
	static uint8_t data[32769];
	char path[512];
	struct dirent *entry;
	DIR *d = opendir(dir);
	int n = 0;

	if (d == NULL)
		fail_msg("%s is not here; run this from the repository", dir);
	while ((entry = readdir(d)) != NULL) {
		size_t len;
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		f = fopen(path, "rb");
		assert_non_null(f);
		len = fread(data, 1, sizeof(data), f);
		(void)fclose(f);
		/* if a test fails, the last path printed is the cause */
		(void)fprintf(stderr, "# %s\n", path);
		assert_int_equal(target(data, len), 0);
		n++;
	}
	(void)closedir(d);
	assert_true(n >= 10);
}

static void
classify_corpus(void **state)
{
	(void)state;
	replay("tests/fuzz/corpus/pgsql_classify", replay_classify);
}

static void
reader_corpus(void **state)
{
	(void)state;
	replay("tests/fuzz/corpus/pgsql_reader", replay_reader);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(classify_corpus),
		cmocka_unit_test(reader_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
