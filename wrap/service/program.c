/* A program behind TLS (-l), and the starter, the process that starts it. */

#include "service/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "confine/confine.h"
#include "service/program_facts.h"

/* The session's last message.  After any other, or none, the program is killed. */
#define COMPLETE 'C'
#define CUT 'X'
#define KILL_MS 1000 /* how long the session waits for the kill before it closes */
#define STDERR_LINE 500

struct starter {
	const char *path;
	char *const *argv;
	/* errors: the end of the pipe where the program's stderr is read */
	int control, plain, errors;
	pid_t pid;
	char line[STDERR_LINE + 1]; /* of stderr, until the line is complete */
	size_t len;
};

/* ---- the program's process, until exec ---- */

static void __attribute__((noreturn))
become_program(const struct starter *s, int errors, int status, struct program_facts *f)
{
	sigset_t none;

	(void)setpgid(0, 0);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL); /* a listener's sessions ignore it */
	if (dup2(s->plain, STDIN_FILENO) != -1 && dup2(s->plain, STDOUT_FILENO) != -1 &&
	    dup2(errors, STDERR_FILENO) != -1) {
		descriptor_close_all(STDERR_FILENO + 1, (unsigned)status - 1);
		descriptor_close_all((unsigned)status + 1, ~0u);
		program_facts_export(f);
		(void)execv(s->path, s->argv);
	}
	if (write(status, &errno, sizeof(errno)) == -1)
		_exit(EX_OSERR);
	_exit(EX_UNAVAILABLE);
}

/* ---- the starter ---- */

static void
log_whole_lines(struct starter *s)
{
	char *end;

	while ((end = memchr(s->line, '\n', s->len)) != NULL || s->len == STDERR_LINE) {
		size_t n = end != NULL ? (size_t)(end - s->line) : s->len;

		log_line(LEVEL_NOTICE, "%s: %.*s", s->path, (int)n, s->line);
		if (end != NULL)
			n++;
		s->len -= n;
		memmove(s->line, s->line + n, s->len);
	}
}

/* False at the end of stderr. */
static bool
hear_errors(struct starter *s)
{
	/* A full line is logged before this, so there is room; gcc 14 cannot see that. */
	ssize_t n = s->len < STDERR_LINE ? read(s->errors, s->line + s->len, STDERR_LINE - s->len) :
					   0;

	if (n > 0) {
		s->len += (size_t)n;
		log_whole_lines(s);
		return true;
	}
	if (s->len > 0)
		log_line(LEVEL_NOTICE, "%s: %.*s", s->path, (int)s->len, s->line);
	s->len = 0;
	return false;
}

static void
report_end(const struct starter *s)
{
	int status;

	if (waitpid(s->pid, &status, 0) == -1)
		return;
	if (WIFSIGNALED(status))
		log_line(LEVEL_NOTICE, "%s[%ld] was ended by signal %d", s->path, (long)s->pid,
		    WTERMSIG(status));
	else
		log_line(LEVEL_NOTICE, "%s[%ld] ended with status %d", s->path, (long)s->pid,
		    WEXITSTATUS(status));
}

static void
wake(int signal)
{
	(void)signal;
}

/* SIGCHLD ends a wait.  The other signals are for the session. */
static void
take_signals(void)
{
	static const int ours[] = { SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP };

	deadline_let_in(ours, sizeof(ours) / sizeof(ours[0]), wake);
}

/* 0 once exec has succeeded, or -1 and *why. */
static int
execute(struct starter *s, struct program_facts *facts, struct failure *why)
{
	int errors[2], status[2], error;
	ssize_t n;

	if (pipe2(errors, O_CLOEXEC) == -1 || pipe2(status, O_CLOEXEC) == -1 ||
	    (s->pid = fork()) == -1)
		return failure_set(why, EX_OSERR, "start %s: %s", s->path, strerror(errno));
	if (s->pid == 0)
		become_program(s, errors[1], status[1], facts);
	/*
	 * Its own process group, so that its children are killed with it.  Set in both processes:
	 * whichever runs first.
	 */
	(void)setpgid(s->pid, s->pid);
	(void)close(errors[1]);
	(void)close(status[1]);
	(void)close(s->plain);
	s->errors = errors[0];
	/* exec closes the other end; before that only errno is written. */
	n = read(status[0], &error, sizeof(error));
	(void)close(status[0]);
	if (n != (ssize_t)sizeof(error))
		return 0;
	(void)waitpid(s->pid, NULL, 0);
	return failure_set(why, EX_UNAVAILABLE, "exec %s: %s", s->path, strerror(error));
}

/* Does not reap it: while it can be waited for, no other process group gets its number. */
static bool
has_ended(pid_t pid)
{
	siginfo_t end = { .si_pid = 0 };

	return waitid(P_PID, (id_t)pid, &end, WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    end.si_pid == pid;
}

/*
 * Runs until the program has ended and its stderr too, which what it has started may still have.  A
 * program that closes its stderr early is killed all the same if the session is cut.
 */
static void
attend(struct starter *s)
{
	struct pollfd p[2] = { { .fd = s->errors, .events = POLLIN },
		{ .fd = s->control, .events = POLLIN } };
	char word = 0;
	int ready;

	while (p[0].fd != -1 || !has_ended(s->pid)) {
		if ((ready = deadline_wait(p, 2, DEADLINE_NEVER)) == DEADLINE_ERROR) {
			/* It would no longer be heard that the session was cut. */
			(void)kill(-s->pid, SIGKILL);
			return;
		}
		if (ready < 0)
			continue;
		if (p[1].revents != 0) {
			if (read(s->control, &word, 1) != 1 || word != COMPLETE)
				(void)kill(-s->pid, SIGKILL);
			(void)close(s->control);
			p[1].fd = -1;
		}
		if (p[0].revents != 0 && !hear_errors(s))
			p[0].fd = -1;
	}
}

static void __attribute__((noreturn))
run_starter(struct starter *s, const struct confine *user, const int others[2])
{
	struct program_facts facts;
	struct failure why;
	int null, r;

	take_signals();
	for (int i = 0; i < 2; i++)
		if (others[i] != -1)
			(void)close(others[i]);
	/*
	 * The starter must not keep the peer's socket.  0 and 1 stay in use, so that the pipes of
	 * execute get other numbers.
	 */
	if ((null = open("/dev/null", O_RDWR)) == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1 || close(null) == -1)
		_exit(EX_OSERR);
	if (confine_become(user, &why) == -1) {
		log_line(LEVEL_ERR, "%s", why.text);
		_exit(why.code);
	}
	/* If the handshake has failed, nothing comes. */
	if (read(s->control, &facts, sizeof(facts)) != (ssize_t)sizeof(facts))
		_exit(EX_OK);
	why = (struct failure){ .code = EX_OK };
	r = execute(s, &facts, &why);
	/* If the session is gone, attend notices it. */
	(void)send(s->control, &why, sizeof(why), MSG_NOSIGNAL);
	if (r == -1)
		_exit(why.code);
	attend(s);
	report_end(s);
	_exit(EX_OK);
}

/* ---- the session ---- */

int
program_prepare(struct program *p, const char *path, char *const *argv, const struct confine *user,
    struct failure *why)
{
	struct starter s = { .path = path, .argv = argv };
	int plain[2], control[2];
	pid_t pid;

	if (access(path, X_OK) == -1)
		return failure_set(why, EX_CONFIG, "-l %s: %s", path, strerror(errno));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, plain) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) == -1)
		return failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
	if ((pid = fork()) == 0) {
		(void)close(plain[0]);
		(void)close(control[0]);
		s.plain = plain[1];
		s.control = control[1];
		run_starter(&s, user, p->others);
	}
	(void)close(plain[1]);
	(void)close(control[1]);
	p->fd = plain[0];
	p->control = control[0];
	p->path = path;
	if (pid == -1 || fcntl(p->fd, F_SETFL, O_NONBLOCK) == -1)
		return failure_set(
		    why, EX_OSERR, "start the process that starts %s: %s", path, strerror(errno));
	return 0;
}

int
program_start(
    struct program *p, const struct program_facts *facts, int64_t deadline, struct failure *why)
{
	if (write(p->control, facts, sizeof(*facts)) == (ssize_t)sizeof(*facts)) {
		if (deadline_wait_fd(p->control, POLLIN, deadline) == DEADLINE_OVER)
			return failure_set(why, EX_UNAVAILABLE,
			    "start %s: no answer within --connect-timeout", p->path);
		if (!deadline_stopped() &&
		    read(p->control, why, sizeof(*why)) == (ssize_t)sizeof(*why))
			return why->code == EX_OK ? 0 : -1;
	}
	return failure_set(why, EX_UNAVAILABLE, "the process that starts %s is gone", p->path);
}

void
program_leave(struct program *p, bool complete)
{
	char word = complete ? COMPLETE : CUT;

	if (p->control == -1)
		return;
	/*
	 * Kill it before it sees the end of its input, because it could mistake that for a clean
	 * end.
	 */
	if (write(p->control, &word, 1) == 1 && !complete)
		(void)deadline_wait_fd(p->control, POLLIN, deadline_after(KILL_MS));
	(void)close(p->control);
	(void)close(p->fd);
	p->control = p->fd = -1;
}
