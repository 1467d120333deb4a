/* Reads whole files. */

#include "file.h"

#include "token_url.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
open_failed(const char *path, struct failure *why)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return failure_set(why, EX_NOINPUT, "open %s: %s", path, strerror(errno));
	if (errno == EACCES || errno == EPERM)
		return failure_set(why, EX_NOPERM,
		    "open %s: %s for uid %lu; run this as the file's owner or as root; that "
		    "user needs access to its directory, too",
		    path, strerror(errno), (unsigned long)geteuid());
	return failure_set(why, EX_OSERR, "open %s: %s", path, strerror(errno));
}

/* What of a file others may not have. */
enum content { PUBLIC, MAY_HAVE_KEY, SECRET };

/* A file without a key, such as a certificate alone, may be readable by everybody. */
static int
check_private(
    const char *path, const struct file_named *file, enum content content, struct failure *why)
{
	mode_t mode = file->was.st_mode & 07777;
	mode_t allowed = file->was.st_uid == 0 ? 0740 : 0700;
	const char *what = "secret";
	const char *url;

	if ((mode & 0777 & ~allowed) == 0)
		return 0;
	if (content == MAY_HAVE_KEY) {
		if (memmem(file->data, file->len, "PRIVATE KEY-----", 16) != NULL)
			what = "private key";
		else if (token_url_find(file->data, &url) > 0)
			what = "private key's URL";
		else
			return 0;
	}
	return failure_set(why, EX_NOPERM,
	    "%s: mode %04o gives other users access to the %s; fix: chmod 600 %s", path,
	    (unsigned)mode, what, path);
}

/* Reads a file of that size; one that has been cut since gives less. */
static int
read_all(int fd, const char *path, size_t size, char **data, size_t *len, struct failure *why)
{
	size_t have = 0;
	char *buf = malloc(size + 1);
	ssize_t n = 1;

	if (buf == NULL)
		return failure_set(why, EX_OSERR, "read %s: %s", path, strerror(errno));
	while (have < size && n != 0) {
		n = read(fd, buf + have, size - have);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			failure_set(why, EX_OSERR, "read %s: %s", path, strerror(errno));
			file_wipe(buf, have);
			return -1;
		}
		have += (size_t)n;
	}
	buf[have] = '\0';
	*data = buf;
	*len = have;
	return 0;
}

/* Non-blocking, so that a FIFO at that path cannot hang us. */
static int
open_file(const char *path, int flags)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
}

/* Closes fd. */
static int
read_open(int fd, const char *path, enum content content, size_t max, struct file_named *out,
    struct failure *why)
{
	int r = -1;

	if (fstat(fd, &out->was) == -1)
		failure_set(why, EX_OSERR, "stat %s: %s", path, strerror(errno));
	else if (!S_ISREG(out->was.st_mode))
		failure_set(why, EX_CONFIG, "%s: not a regular file", path);
	else if ((size_t)out->was.st_size > max)
		failure_set(why, EX_CONFIG, "%s: larger than %zu bytes", path, max);
	else
		r = read_all(fd, path, (size_t)out->was.st_size, &out->data, &out->len, why);
	(void)close(fd);
	if (r == 0 && content != PUBLIC && check_private(path, out, content, why) == -1) {
		file_wipe(out->data, out->len);
		r = -1;
	}
	return r;
}

static int
read_file(const char *path, enum content content, size_t max, char **data, size_t *len,
    struct failure *why)
{
	struct file_named file;
	int fd = open_file(path, 0);

	if (fd == -1)
		return open_failed(path, why);
	if (read_open(fd, path, content, max, &file, why) == -1)
		return -1;
	*data = file.data;
	*len = file.len;
	return 0;
}

int
file_read(const char *path, size_t max, char **data, size_t *len, struct failure *why)
{
	return read_file(path, PUBLIC, max, data, len, why);
}

int
file_read_private(const char *path, size_t max, char **data, size_t *len, struct failure *why)
{
	return read_file(path, MAY_HAVE_KEY, max, data, len, why);
}

int
file_read_secret(const char *path, size_t max, char **data, size_t *len, struct failure *why)
{
	return read_file(path, SECRET, max, data, len, why);
}

int
file_read_named(const char *path, size_t max, struct file_named *out, struct failure *why)
{
	int fd = open_file(path, O_NOFOLLOW);

	if (fd == -1 && errno == ELOOP)
		return failure_set(why, EX_CANTCREAT, "%s: not a regular file", path);
	return fd == -1 ? open_failed(path, why) : read_open(fd, path, MAY_HAVE_KEY, max, out, why);
}

void
file_wipe(char *data, size_t len)
{
	if (data == NULL)
		return;
	explicit_bzero(data, len);
	free(data);
}
