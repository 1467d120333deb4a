/* The pid file: often in a directory that others can write, so nothing there is trusted. */

#include "listener/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse.h"

int
pidfile_path(const char *argument, const char *service, char path[PIDFILE_MAX], struct failure *why)
{
	struct stat st;
	bool directory;
	size_t len;
	int n;

	path[0] = '\0';
	if (argument == NULL || strcmp(argument, "none") == 0)
		return 0;
	if (strchr(argument, '/') == NULL)
		return failure_set(why, EX_USAGE,
		    "-P %s: write a full path, a directory with a slash at its end, or the "
		    "word none",
		    argument);
	len = strlen(argument);
	directory = stat(argument, &st) == 0 && S_ISDIR(st.st_mode);
	if (argument[len - 1] == '/' && !directory)
		return failure_set(why, EX_USAGE,
		    "-P %s: there is no such directory; make it, or write -P /run/", argument);
	if (directory)
		n = snprintf(path, PIDFILE_MAX, "%s%sinetls.%s.pid", argument,
		    argument[len - 1] == '/' ? "" : "/", service);
	else
		n = snprintf(path, PIDFILE_MAX, "%s", argument);
	if (n < 0 || n >= PIDFILE_MAX)
		return failure_set(why, EX_USAGE, "-P: the path is too long: %s", argument);
	return 0;
}

/*
 * The pid in a file of our own user: positive if no such process runs, negative if one does; 0
 * where the file is not ours to replace.
 */
static long
stale_pid(const char *path)
{
	char text[32];
	struct stat st;
	long pid = 0;
	ssize_t n = -1;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid())
		n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (parse_number(text, 1, 1L << 30, &pid) == -1)
		return 0;
	return kill((pid_t)pid, 0) == -1 && errno == ESRCH ? pid : -pid;
}

static int
create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
}

int
pidfile_write(const char *path, struct failure *why)
{
	char text[32];
	long pid;
	int fd, n;

	if (path[0] == '\0')
		return 0;
	if ((fd = create(path)) == -1 && errno == EEXIST) {
		if ((pid = stale_pid(path)) < 0)
			return failure_set(why, EX_CANTCREAT,
			    "pid file %s: process %ld, which it names, is running", path, -pid);
		if (pid == 0)
			return failure_set(why, EX_CANTCREAT,
			    "pid file %s: exists and is not a pid file of ours; remove "
			    "it, or name another with -P",
			    path);
		(void)unlink(path);
		fd = create(path);
	}
	if (fd == -1)
		return failure_set(why, EX_CANTCREAT, "pid file %s: %s", path, strerror(errno));
	n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (write(fd, text, (size_t)n) != n) {
		failure_set(why, EX_CANTCREAT, "pid file %s: %s", path, strerror(errno));
		(void)close(fd);
		(void)unlink(path);
		return -1;
	}
	(void)close(fd);
	return 0;
}

void
pidfile_remove(const char *path)
{
	if (path[0] != '\0')
		(void)unlink(path);
}
