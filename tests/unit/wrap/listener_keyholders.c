/* If the keyholder does not answer and a signal comes, nobody waits any longer. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "listener/daemon.h"
#include "base/deadline.h"
#include "key/keyholder.h"
#include "key/keyholder_serve.h"
#include "listener/keyholders.h"

#define SIGNAL_MS 200
#define SOON_MS 3000 /* far less than the ten seconds that an answer may take */

/* ---- instead of keyholder_serve.c: hangs, as on a dead network file system ---- */

int
keyholder_serve_refusal(int fd, const struct failure *why)
{
	(void)fd, (void)why;
	return -1;
}

static void
hang(void)
{
	pid_t test = getppid();

	(void)alarm(60);
	while (getppid() == test)
		(void)usleep(100 * 1000);
	_exit(0);
}

void
keyholder_serve_one(
    int fd, const char *pem_path, enum signable_role role, const struct confine *user, bool ahead)
{
	(void)fd, (void)pem_path, (void)role, (void)user, (void)ahead;
	hang();
	abort();
}

void
keyholder_serve_many(
    int control, const char *pem_path, enum signable_role role, const struct confine *user)
{
	(void)control, (void)pem_path, (void)role, (void)user;
	hang();
	abort();
}

/* ---- tests ---- */

static void
signal_soon(int number)
{
	pid_t us = getpid();

	if (fork() != 0)
		return;
	(void)usleep(SIGNAL_MS * 1000);
	(void)kill(us, number);
	_exit(0);
}

/* In its own process, since a stop is remembered for good. */
static void
a_start_ends_by_sigterm_and_not_by_sigchld(void **state)
{
	int64_t begin = deadline_now(), took;
	struct failure why;
	struct keyholders ring;

	(void)state;
	daemon_take_signals();
	signal_soon(SIGCHLD);
	usleep(2 * SIGNAL_MS * 1000);
	signal_soon(SIGTERM);
	assert_int_equal(keyholders_open(&ring, "/nowhere.pem", SIGNABLE_SERVER, NULL, &why), -1);
	took = deadline_now() - begin;
	assert_true(took >= 2 * SIGNAL_MS && took < SOON_MS);
	assert_string_equal(why.text, "ended by a signal");
}

static void
a_start_has_a_deadline(void **state)
{
	struct keyholder_service s;
	struct failure why;
	int64_t begin = deadline_now();
	int r;

	(void)state;
	assert_int_equal(
	    keyholder_service_start(&s, "/nowhere.pem", SIGNABLE_SERVER, NULL, &why), 0);
	do
		r = keyholder_service_hear(&s, begin + SIGNAL_MS, &why);
	while (r == 1 && deadline_now() - begin < SOON_MS);
	assert_int_equal(r, -1);
	assert_string_equal(why.text, "the process that holds the key does not answer");
	assert_true(deadline_now() - begin < SOON_MS);
	keyholder_service_kill(&s);
}

static void
a_session_that_waits_says_that_it_was_a_signal(void **state)
{
	static char chain[SIGNER_CHAIN_MAX];
	int64_t begin = deadline_now();
	struct keyholder k;

	(void)state;
	assert_int_equal(keyholder_start(&k, "/nowhere.pem", SIGNABLE_SERVER, NULL, false), 0);
	signal_soon(SIGTERM);
	assert_int_equal(keyholder_chain(&k, chain), -1);
	assert_true(k.stopped);
	assert_string_equal(k.why.text, "ended by a signal");
	assert_true(deadline_now() - begin < SOON_MS);
	keyholder_close(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_has_a_deadline),
		cmocka_unit_test(a_start_ends_by_sigterm_and_not_by_sigchld),
		cmocka_unit_test(a_session_that_waits_says_that_it_was_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
