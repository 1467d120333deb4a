/*
 * The starter: a session that an attacker has taken over can send it any message, but only one of
 * the right size is used.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/deadline.h"
#include "service/program.h"
#include "confine/confine.h"

#define ANSWER_MAX 65536

/* Reads what the program prints until its end, and adds a NUL. */
static void
read_all(int fd, char *out)
{
	size_t have = 0;
	ssize_t n = 1;

	while (n != 0 && have < ANSWER_MAX - 1) {
		assert_true(deadline_wait_fd(fd, POLLIN, deadline_after(10000)) > 0);
		n = read(fd, out + have, ANSWER_MAX - 1 - have);
		assert_true(n >= 0);
		have += (size_t)n;
	}
	out[have] = '\0';
}

static void
facts_without_an_end_stay_in_their_places(void **state)
{
	static char answer[ANSWER_MAX];
	char path[] = "/usr/bin/env", clean[] = "-u", name[] = "NONE";
	char *argv[] = { path, clean, name, NULL };
	struct confine user = { .change_user = false };
	struct program p = { .fd = -1, .control = -1, .others = { -1, -1 } };
	struct program_facts facts;
	struct failure why;
	const char *line;

	(void)state;
	memset(&facts, 'A', sizeof(facts));
	assert_int_equal(program_prepare(&p, path, argv, &user, &why), 0);
	assert_int_equal(program_start(&p, &facts, &why), 0);
	read_all(p.fd, answer);
	program_leave(&p, true);
	assert_non_null(line = strstr(answer, "TCPLOCALPORT="));
	assert_int_equal(
	    strcspn(line, "\n"), strlen("TCPLOCALPORT=") + sizeof(facts.local_port) - 1);
	assert_non_null(line = strstr(answer, "SSL_PROTOCOL="));
	assert_int_equal(strcspn(line, "\n"), strlen("SSL_PROTOCOL=") + sizeof(facts.protocol) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_without_an_end_stay_in_their_places),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
