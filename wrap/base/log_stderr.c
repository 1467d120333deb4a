/* Finds out whether fd 2 belongs to the administrator or to the peer. */

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/log_state.h"

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "%lu:%lu", (unsigned long)st->st_dev,
	    (unsigned long)st->st_ino);
	return stream != NULL && strcmp(stream, expected) == 0;
}

int
log_claim_stderr(void)
{
	struct stat in, out, err, null;
	int fd;

	/*
	 * Close what a super-server forgot to close: it is not ours, and would stay open for good.
	 */
	descriptor_close_all(STDERR_FILENO + 1, ~0u);
	log_settings.stdin_was_open = fstat(STDIN_FILENO, &in) == 0;
	if (!log_settings.stdin_was_open || fstat(STDOUT_FILENO, &out) == -1 ||
	    fstat(STDERR_FILENO, &err) == -1) {
		while ((fd = open("/dev/null", O_RDWR)) <= STDERR_FILENO)
			if (fd == -1)
				return -1;
		(void)close(fd);
		(void)fstat(STDIN_FILENO, &in);
		(void)fstat(STDOUT_FILENO, &out);
		(void)fstat(STDERR_FILENO, &err);
	}
	log_settings.one_socket = S_ISSOCK(in.st_mode) && same_file(&in, &out);
	/* If a unit's StandardError is inherit, the journal's stream is both stdout and stderr. */
	log_settings.journal = S_ISSOCK(err.st_mode) && is_journal(&err);
	if (S_ISSOCK(err.st_mode) &&
	    (same_file(&err, &in) || (same_file(&err, &out) && !log_settings.journal))) {
		if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
			return -1;
		(void)dup2(fd, STDERR_FILENO);
		(void)close(fd);
		log_settings.stderr_was_peer = true;
		return 0;
	}
	log_settings.stderr_usable = !(
	    S_ISCHR(err.st_mode) && stat("/dev/null", &null) == 0 && err.st_rdev == null.st_rdev);
	return 0;
}

bool
log_stdin_was_open(void)
{
	return log_settings.stdin_was_open;
}

bool
log_is_one_socket(void)
{
	return log_settings.one_socket;
}
