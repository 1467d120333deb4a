/*
 * Known hosts.  After the file was opened, only pread, write, ftruncate and flock are used: a
 * confined process is allowed no more.
 */

#include "tls/known_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

#define FILE_MAX (1024 * 1024) /* room for ten thousand hosts */
#define LOCK_TRIES 500         /* of LOCK_MS each; others hold the lock only for a moment */
#define LOCK_MS 10

static int
default_path(char *out, size_t size, struct failure *why)
{
	const char *home = getenv("HOME"), *state = getenv("XDG_STATE_HOME");
	int n;

	if (geteuid() == 0)
		n = snprintf(out, size, "/var/lib/inetls/known_hosts");
	else if (state != NULL && state[0] == '/')
		n = snprintf(out, size, "%s/inetls/known_hosts", state);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/.local/state/inetls/known_hosts", home);
	else
		return failure_set(why, EX_CONFIG,
		    "no HOME to keep known hosts in: give --known-hosts FILE, --pin or -A");
	return n > 0 && (size_t)n < size ?
	    0 :
	    failure_set(why, EX_CONFIG, "the path of known hosts is too long");
}

/* Makes the missing directories of a path. */
static void
make_directories(const char *path)
{
	char dir[512];

	(void)snprintf(dir, sizeof(dir), "%s", path);
	for (char *p = dir + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(dir, 0700);
		*p = '/';
	}
}

/* If the file can only be read, the hosts that are in it can still be checked. */
static int
open_known(const char *path)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	int error = errno;

	if (fd == -1 && (error == EACCES || error == EROFS)) {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		errno = error;
	}
	return fd;
}

int
known_hosts_open(struct known_hosts *k, const char *path, const char *host, const char *port,
    struct failure *why)
{
	k->fd = -1;
	(void)snprintf(
	    k->host, sizeof(k->host), strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host, port);
	if (path == NULL && default_path(k->path, sizeof(k->path), why) == -1)
		return -1;
	if (path != NULL && snprintf(k->path, sizeof(k->path), "%s", path) >= (int)sizeof(k->path))
		return failure_set(why, EX_CONFIG, "--known-hosts: the path is too long");
	k->fd = open_known(k->path);
	if (k->fd == -1 && errno == ENOENT && path == NULL) {
		make_directories(k->path);
		k->fd = open_known(k->path);
	}
	if (k->fd != -1)
		return 0;
	return failure_set(why, errno == EACCES || errno == EROFS ? EX_NOPERM : EX_CONFIG,
	    "open known hosts %s: %s for uid %lu; name a file that can be written with --known-hosts, or give --pin or "
	    "-A",
	    k->path, strerror(errno), (unsigned long)geteuid());
}

bool
known_hosts_warning(const struct known_hosts *k, char *text, size_t size)
{
	static const char others
	    [] = "others can change this file, and so decide which keys are trusted; correct it";
	struct stat st;

	if (fstat(k->fd, &st) == -1)
		return false;
	if (st.st_uid != 0 && st.st_uid != geteuid())
		(void)snprintf(text, size, "known hosts %s: owner %lu: %s: chown %lu %s", k->path,
		    (unsigned long)st.st_uid, others, (unsigned long)geteuid(), k->path);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(text, size, "known hosts %s: mode %04o: %s: chmod 600 %s", k->path,
		    (unsigned)st.st_mode & 07777, others, k->path);
	else
		return false;
	return true;
}

/*
 * Reads all of it, or returns NULL: if a host's line were not read, the host would be trusted as
 * new.
 */
static char *
read_known(int fd)
{
	char *text = malloc(FILE_MAX + 1);
	size_t have = 0;
	ssize_t n = -1;

	while (text != NULL && have < FILE_MAX &&
	    (n = pread(fd, text + have, FILE_MAX - have, (off_t)have)) > 0)
		have += (size_t)n;
	/* What stands behind a NUL would be forgotten, and its hosts be new ones. */
	if (n != 0 || memchr(text, '\0', have) != NULL) {
		free(text);
		return NULL;
	}
	text[have] = '\0';
	return text;
}

/* Whether a line is about this host; then *pin points to its pin. */
static bool
is_of_host(const struct known_hosts *k, char *line, char **pin)
{
	size_t n = strcspn(line, " \t");

	if (line[0] == '#' || n != strlen(k->host) || strncasecmp(line, k->host, n) != 0)
		return false;
	*pin = line + n + strspn(line + n, " \t");
	(*pin)[strcspn(*pin, " \t\r")] = '\0';
	return true;
}

static int
search(
    const struct known_hosts *k, char *text, const char *pin, char *other, size_t size, int *line)
{
	bool is_marked = strncmp(text, "\xef\xbb\xbf", 3) == 0; /* by an editor, as UTF-8 */
	int verdict = KNOWN_HOSTS_NEW, number = 0;
	char *rest = is_marked ? text + 3 : text, *one, *known;

	while ((one = strsep(&rest, "\n")) != NULL) {
		number++;
		if (!is_of_host(k, one, &known))
			continue;
		if (strcmp(known, pin) == 0)
			return KNOWN_HOSTS_MATCH;
		if (verdict == KNOWN_HOSTS_NEW) {
			(void)snprintf(other, size, "%s", known);
			*line = number;
		}
		verdict = KNOWN_HOSTS_OTHER;
	}
	return verdict;
}

int
known_hosts_look_up(
    const struct known_hosts *k, const char *pin, char *other, size_t size, int *line)
{
	char *text = read_known(k->fd);
	int verdict = text == NULL ? -1 : search(k, text, pin, other, size, line);

	free(text);
	return verdict;
}

/* Whether the last line lacks its newline, as some editors leave it. */
static bool
ends_within_line(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && text[n - 1] != '\n';
}

/*
 * Appends to a file of that size, which is locked.  A full disk may take half a line: it is
 * removed, since half a pin would later look like another key.
 */
static int
append(const struct known_hosts *k, const char *pin, off_t size, bool within_line)
{
	char entry[sizeof(k->host) + 64];
	int n = snprintf(entry, sizeof(entry), "%s%s %s\n", within_line ? "\n" : "", k->host, pin);
	ssize_t written = write(k->fd, entry, (size_t)n);

	if (written == n)
		return KNOWN_HOSTS_NEW;
	if (written > 0)
		(void)!ftruncate(k->fd, size);
	return -1;
}

/*
 * Locks, but does not wait for ever: a session that its server has taken over could keep the lock.
 */
static int
lock(int fd)
{
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK ||
		    deadline_wait(NULL, 0, deadline_after(LOCK_MS)) != DEADLINE_OVER)
			break;
	}
	return -1;
}

int
known_hosts_add(const struct known_hosts *k, const char *pin, char *other, size_t size, int *line)
{
	int verdict = -1;
	bool within_line;
	off_t old_size;
	char *text;

	if (lock(k->fd) == -1)
		return -1;
	if ((text = read_known(k->fd)) != NULL) {
		old_size = (off_t)strlen(text);
		within_line = ends_within_line(text);
		verdict = search(k, text, pin, other, size, line);
		if (verdict == KNOWN_HOSTS_NEW)
			verdict = append(k, pin, old_size, within_line);
	}
	free(text);
	(void)flock(k->fd, LOCK_UN);
	return verdict;
}
