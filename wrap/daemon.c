/* Going to the background. */

#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int
daemon_detach(int *ready, struct failure *why)
{
	unsigned char code = EX_SOFTWARE;
	int ends[2];
	pid_t pid;

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
	*ready = ends[1];
	return 0;
}

void
daemon_ready(int *ready, int code)
{
	unsigned char byte = (unsigned char)code;

	if (*ready == -1)
		return;
	(void)!write(*ready, &byte, 1);
	(void)close(*ready);
	*ready = -1;
}

int
daemon_leave_terminal(const struct log_options *log, struct failure *why)
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
