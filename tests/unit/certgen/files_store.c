/* Files that appear whole or not at all, and the pair of them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/draft.h"
#include "file.h"
#include "files/store.h"

/* Each test has its own directory, which is the working directory. */
static int
setup(void **state)
{
	char *dir = strdup("/tmp/certgen_store.XXXXXX");

	*state = dir;
	(void)umask(0);
	return mkdtemp(dir) == NULL ? -1 : chdir(dir);
}

static int
count_files(void)
{
	DIR *dir = opendir(".");
	int count = 0;

	while (readdir(dir) != NULL)
		count++;
	(void)closedir(dir);
	return count - 2;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "a.pem", "a.crt", "b", "target" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)remove(names[i]);
	if (chdir("/") == -1 || rmdir(*state) == -1)
		return -1;
	free(*state);
	return 0;
}

static void
assert_file(const char *path, const char *text, mode_t mode)
{
	struct stat st;
	char *data;
	size_t len;

	assert_int_equal(file_read(path, 100, &data, &len, NULL), 0);
	assert_string_equal(data, text);
	file_wipe(data, len);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
}

/* A new file that replaces nothing, as bundle writes one; with signals held. */
static int
create(const char *path, mode_t mode, const char *text, struct failure *why)
{
	struct draft draft;
	int r = -1;

	draft_init(&draft, path, mode);
	if (draft_write(&draft, text, strlen(text), why) == 0 && !draft_interrupted())
		r = draft_publish(&draft, 0, why);
	draft_discard(&draft);
	return r;
}

static void
make(const char *path, const char *text)
{
	assert_int_equal(create(path, 0600, text, NULL), 0);
}

static int
write_pair(int force, struct failure *why)
{
	struct store store;

	assert_int_equal(store_init(&store, "a.pem", force, why), 0);
	return store_write(&store, "key", "cert", why);
}

static void
bad_an_existing_file_is_left_as_it_is(void **state)
{
	struct failure why;

	(void)state;
	make("b", "old");
	assert_int_equal(create("b", 0600, "new", &why), -1);
	assert_int_equal(why.code, EX_CANTCREAT);
	assert_file("b", "old", 0600);
	assert_int_equal(count_files(), 1);
}

static void
bad_links_and_directories_are_left_as_they_are(void **state)
{
	(void)state;
	assert_int_equal(symlink("target", "b"), 0);
	assert_int_equal(create("b", 0600, "new", NULL), -1);
	assert_int_equal(draft_replace("b", 0600, "new", 3, NULL), -1);
	assert_int_equal(access("target", F_OK), -1);
	assert_int_equal(unlink("b"), 0);
	assert_int_equal(mkdir("b", 0700), 0);
	assert_int_equal(create("b", 0600, "new", NULL), -1);
	assert_int_equal(draft_replace("b", 0600, "new", 3, NULL), -1);
	assert_int_equal(count_files(), 1);
}

static void
bad_a_full_disk_leaves_nothing(void **state)
{
	struct rlimit old, none;
	struct failure why;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	none = old;
	none.rlim_cur = 2;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(create("b", 0600, "new", &why), -1);
	assert_int_equal(write_pair(0, NULL), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(why.code, EX_IOERR);
	assert_int_equal(count_files(), 0);
}

static void
bad_directories_that_are_not_there_are_named(void **state)
{
	struct failure why;

	(void)state;
	assert_int_equal(create("none/b", 0600, "new", &why), -1);
	assert_int_equal(why.code, EX_CANTCREAT);
	assert_non_null(strstr(why.text, "none/"));
	assert_int_equal(create("b/", 0600, "new", &why), -1);
	assert_int_equal(why.code, EX_CANTCREAT);
}

/* The signal comes while signals are held, that is, before the file has its name. */
static void
bad_a_signal_leaves_nothing(void **state)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			sigset_t set;

			/* It may be ignored when the tests run in a shell's background. */
			(void)signal(signals[i], SIG_DFL);
			(void)sigemptyset(&set);
			(void)sigaddset(&set, signals[i]);
			(void)sigprocmask(SIG_BLOCK, &set, NULL);
			(void)raise(signals[i]);
			(void)create("b", 0600, "new", NULL);
			(void)write_pair(0, NULL);
			(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == signals[i]);
		assert_int_equal(count_files(), 0);
	}
}

static void
bad_an_existing_pem_keeps_both(void **state)
{
	struct failure why;

	(void)state;
	make("a.pem", "old");
	assert_int_equal(write_pair(0, &why), -1);
	assert_int_equal(why.code, EX_CANTCREAT);
	assert_non_null(strstr(why.text, "--force"));
	assert_file("a.pem", "old", 0600);
	assert_int_equal(count_files(), 1);
}

static void
bad_a_crt_without_its_pem_is_not_touched(void **state)
{
	struct failure why;

	(void)state;
	make("a.crt", "another's");
	assert_int_equal(write_pair(0, &why), -1);
	assert_int_equal(why.code, EX_CANTCREAT);
	assert_non_null(strstr(why.text, "a.crt"));
	assert_file("a.crt", "another's", 0600);
	assert_int_equal(count_files(), 1);
}

static void
bad_force_replaces_no_link(void **state)
{
	(void)state;
	make("target", "old");
	assert_int_equal(symlink("target", "a.pem"), 0);
	assert_int_equal(write_pair(1, NULL), -1);
	assert_file("target", "old", 0600);
	assert_int_equal(count_files(), 2);
}

static void
modes_are_exact_whatever_the_umask(void **state)
{
	(void)state;
	assert_int_equal(write_pair(0, NULL), 0);
	assert_file("a.pem", "key", 0600);
	assert_file("a.crt", "cert", 0644);
	(void)umask(0777);
	assert_int_equal(create("b", 0640, "new", NULL), 0);
	assert_file("b", "new", 0640);
	assert_int_equal(count_files(), 3);
}

static void
force_replaces_both(void **state)
{
	(void)state;
	make("a.pem", "old");
	make("a.crt", "old");
	assert_int_equal(write_pair(1, NULL), 0);
	assert_file("a.pem", "key", 0600);
	assert_file("a.crt", "cert", 0644);
	assert_int_equal(count_files(), 2);
}

static void
force_keeps_the_owner_of_the_pem(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip();
	make("a.pem", "old");
	assert_int_equal(chown("a.pem", 65534, 65534), 0);
	assert_int_equal(chmod("a.pem", 0644), 0);
	assert_int_equal(write_pair(1, NULL), 0);
	assert_int_equal(stat("a.pem", &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_file("a.pem", "key", 0600);
}

static void
the_crt_is_named_after_the_pem(void **state)
{
	struct store store;

	(void)state;
	assert_int_equal(store_init(&store, "/x.y/pgssl.pem", 0, NULL), 0);
	assert_string_equal(store.crt_path, "/x.y/pgssl.crt");
	assert_int_equal(store_init(&store, "./pgssl.key", 0, NULL), 0);
	assert_string_equal(store.crt_path, "./pgssl.key.crt");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bad_an_existing_file_is_left_as_it_is),
		TEST(bad_links_and_directories_are_left_as_they_are),
		TEST(bad_a_full_disk_leaves_nothing),
		TEST(bad_directories_that_are_not_there_are_named),
		TEST(bad_a_signal_leaves_nothing),
		TEST(bad_an_existing_pem_keeps_both),
		TEST(bad_a_crt_without_its_pem_is_not_touched),
		TEST(bad_force_replaces_no_link),
		TEST(modes_are_exact_whatever_the_umask),
		TEST(force_replaces_both),
		TEST(force_keeps_the_owner_of_the_pem),
		TEST(the_crt_is_named_after_the_pem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
