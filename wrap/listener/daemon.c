/* How a long-running process starts, detaches and is told to stop. */

#include "listener/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"

static volatile sig_atomic_t got_stop, got_reload;

static void
on_signal(int signal)
{
	if (signal == SIGHUP)
		got_reload = 1;
	else if (signal != SIGCHLD)
		got_stop = 1;
}

void
daemon_take_signals(void)
{
	static const int ours[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD };

	deadline_let_in(ours, sizeof(ours) / sizeof(ours[0]), on_signal);
}

bool
daemon_must_stop(void)
{
	return got_stop;
}

bool
daemon_must_reload(void)
{
	bool reload = got_reload;

	got_reload = 0;
	return reload;
}

int
daemon_init(struct daemon *d, const struct options *o, struct failure *why)
{
	*d = (struct daemon){ .o = o, .ready = -1 };
	return pidfile_path(o->pid_file, o->service, d->pid_file, why);
}

int
daemon_detach(struct daemon *d, struct failure *why)
{
	unsigned char code = EX_SOFTWARE;
	int ends[2];
	pid_t pid;

	if (d->o->foreground)
		return 0;
	if (pipe2(ends, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return failure_set(why, EX_OSERR, "go to the background: %s", strerror(errno));
	if (pid > 0) {
		(void)close(ends[1]);
		if (read(ends[0], &code, 1) != 1)
			code = EX_SOFTWARE;
		_exit(code);
	}
	(void)close(ends[0]);
	(void)setsid();
	d->ready = ends[1];
	return 0;
}

int
daemon_write_pid(struct daemon *d, struct failure *why)
{
	d->has_pid = pidfile_write(d->pid_file, why) == 0;
	return d->has_pid ? 0 : -1;
}

void
daemon_remove_pid(struct daemon *d)
{
	if (d->has_pid)
		pidfile_remove(d->pid_file);
}

static void
tell_ready(struct daemon *d, int code)
{
	unsigned char byte = (unsigned char)code;

	if (d->ready == -1)
		return;
	(void)!write(d->ready, &byte, 1);
	(void)close(d->ready);
	d->ready = -1;
}

static int
leave_terminal(const struct log_options *log, struct failure *why)
{
	struct log_options behind = *log;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1)
		return failure_set(why, EX_OSERR, "/dev/null: %s", strerror(errno));
	behind.syslog_wanted = true;
	if (log->path == NULL && log_open(&behind, why) == -1)
		return -1;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	(void)close(null);
	return 0;
}

int
daemon_settle(struct daemon *d, struct failure *why)
{
	if (!d->o->foreground && leave_terminal(&d->o->log, why) == -1)
		return -1;
	tell_ready(d, EX_OK);
	return 0;
}

int
daemon_fail(struct daemon *d, const struct failure *why)
{
	log_refusal(why->text);
	daemon_remove_pid(d);
	tell_ready(d, why->code);
	return why->code;
}
