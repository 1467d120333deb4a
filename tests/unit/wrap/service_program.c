/*
 * The starter: a session that an attacker has taken over can send it any message, but only one of
 * the right size is used.  A starter that is stuck, or gone, is a service that is not there.
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/deadline.h"
#include "service/program.h"
#include "service/program_facts.h"
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
	assert_int_equal(program_start(&p, &facts, deadline_after(10000), &why), 0);
	read_all(p.fd, answer);
	program_leave(&p, true);
	assert_non_null(line = strstr(answer, "TCPLOCALPORT="));
	assert_int_equal(
	    strcspn(line, "\n"), strlen("TCPLOCALPORT=") + sizeof(facts.local_port) - 1);
	assert_non_null(line = strstr(answer, "SSL_PROTOCOL="));
	assert_int_equal(strcspn(line, "\n"), strlen("SSL_PROTOCOL=") + sizeof(facts.protocol) - 1);
}

/* Sends this signal to the starter, the only child. */
static pid_t
send_to_starter(int signal)
{
	char path[64];
	FILE *f;
	int pid = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	assert_non_null(f = fopen(path, "r"));
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	(void)fclose(f);
	assert_int_equal(kill(pid, signal), 0);
	return pid;
}

static void
a_starter_that_does_not_answer_is_not_waited_for(void **state)
{
	char path[] = "/bin/true";
	char *argv[] = { path, NULL };
	struct confine user = { .change_user = false };
	struct program p = { .fd = -1, .control = -1, .others = { -1, -1 } };
	struct program_facts facts = { .protocol = "" };
	struct failure why;
	int status;

	(void)state;
	assert_int_equal(program_prepare(&p, path, argv, &user, &why), 0);
	assert_int_equal(waitpid(send_to_starter(SIGSTOP), &status, WUNTRACED) > 0, 1);
	assert_int_equal(program_start(&p, &facts, deadline_after(100), &why), -1);
	assert_int_equal(why.code, EX_UNAVAILABLE);
	assert_string_equal(why.text, "start /bin/true: no answer within --connect-timeout");
	assert_int_equal(waitpid(send_to_starter(SIGKILL), &status, 0) > 0, 1);
	assert_int_equal(program_start(&p, &facts, deadline_after(10000), &why), -1);
	assert_int_equal(why.code, EX_UNAVAILABLE);
	assert_string_equal(why.text, "the process that starts /bin/true is gone");
	program_leave(&p, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_starter_that_does_not_answer_is_not_waited_for),
		cmocka_unit_test(facts_without_an_end_stay_in_their_places),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
