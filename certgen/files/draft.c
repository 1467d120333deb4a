/*
 * Files that appear whole or not at all.  All calls are relative to one open directory, so that the
 * temporary file, the final name and the sync cannot concern different directories.
 */

#include "files/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/draft_linux.h"

#define TEMP_TRIES 100 /* two would do: 32 random bits rarely collide */

static int
code_of(int error)
{
	switch (error) {
	case EACCES:
	case EPERM: return EX_NOPERM;
	case EEXIST:
	case EISDIR:
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
	case EROFS: return EX_CANTCREAT;
	case EDQUOT:
	case EFBIG:
	case EIO:
	case ENOSPC: return EX_IOERR;
	default: return EX_OSERR;
	}
}

static int
failed(const char *doing, const char *path, struct failure *why)
{
	return failure_set(why, code_of(errno), "%s %s: %s", doing, path, strerror(errno));
}

static const char *
last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int
open_directory(const char *path, struct failure *why)
{
	char dir[PATH_MAX];
	const char *name = last_component(path);
	size_t len = (size_t)(name - path);
	int fd;

	if (*name == '\0')
		return failure_set(
		    why, EX_CANTCREAT, "create %s: the name of a directory, not of a file", path);
	if (len >= sizeof(dir))
		return failure_set(
		    why, EX_CANTCREAT, "create %.80s...: %s", path, strerror(ENAMETOOLONG));
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)len, path);
	if ((fd = open(len == 0 ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return errno == ENOENT ? failure_set(why, EX_CANTCREAT,
					     "open directory %s: %s; make it first: mkdir -p %s",
					     dir, strerror(errno), dir) :
					 failed("open directory", len == 0 ? "." : dir, why);
	return fd;
}

static int
open_temp(struct draft *draft, struct failure *why)
{
	for (int tries = 0; tries < TEMP_TRIES; tries++) {
		unsigned random;
		int fd;

		if (getentropy(&random, sizeof(random)) == -1)
			return failed("random bytes for", draft->path, why);
		(void)snprintf(draft->temp, sizeof(draft->temp), ".%.200s.%08x",
		    last_component(draft->path), random);
		fd = openat(draft->dir, draft->temp,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -1)
			return fd;
		if (errno != EEXIST)
			break;
	}
	draft->temp[0] = '\0';
	return failed("create a temporary file for", draft->path, why);
}

static int
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

void
draft_init(struct draft *draft, const char *path, mode_t mode)
{
	memset(draft, 0, sizeof(*draft));
	draft->path = path;
	draft->mode = mode;
	draft->uid = (uid_t)-1;
	draft->gid = (gid_t)-1;
	draft->dir = -1;
}

int
draft_write(struct draft *draft, const void *data, size_t len, struct failure *why)
{
	int fd, ok;

	if ((draft->dir = open_directory(draft->path, why)) == -1)
		return -1;
	if ((fd = open_temp(draft, why)) == -1) {
		draft_discard(draft);
		return -1;
	}
	/*
	 * Set the owner before the mode: changing the owner may clear mode bits, and a group must
	 * not be able to read early.
	 */
	ok = write_all(fd, data, len) == 0 && fchown(fd, draft->uid, draft->gid) == 0 &&
	    fchmod(fd, draft->mode) == 0 && fsync(fd) == 0;
	if (!ok)
		failed("write", draft->path, why);
	/* A network file system may report a full disk only here. */
	if (close(fd) == -1 && ok)
		ok = failed("close", draft->path, why) == 0;
	if (!ok)
		draft_discard(draft);
	return ok ? 0 : -1;
}

/*
 * link(2) never replaces a file.  Where a file system has no hard links, the system may be able to
 * rename without replacing.
 */
static int
link_new(const struct draft *draft, const char *name)
{
	if (linkat(draft->dir, draft->temp, draft->dir, name, 0) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
		return -1;
	return draft_rename_new(draft->dir, draft->temp, name);
}

static int
rename_over(const struct draft *draft, const char *name)
{
	struct stat st;

	if (fstatat(draft->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(draft->dir, draft->temp, draft->dir, name);
}

static void
remove_temp(struct draft *draft)
{
	if (draft->temp[0] != '\0')
		(void)unlinkat(draft->dir, draft->temp, 0);
	draft->temp[0] = '\0';
}

int
draft_publish(struct draft *draft, int replace, struct failure *why)
{
	const char *name = last_component(draft->path);

	if ((replace ? rename_over(draft, name) : link_new(draft, name)) == -1)
		return failed("create", draft->path, why);
	/*
	 * Ignore the result: the file is already there and readable, so nothing could be taken
	 * back.
	 */
	(void)fsync(draft->dir);
	remove_temp(draft);
	return 0;
}

int
draft_remove_published(const struct draft *draft)
{
	return unlinkat(draft->dir, last_component(draft->path), 0);
}

void
draft_discard(struct draft *draft)
{
	int saved = errno;

	remove_temp(draft);
	if (draft->dir != -1)
		(void)close(draft->dir);
	draft->dir = -1;
	errno = saved;
}

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXFSZ };
#define ENDING (sizeof(ending) / sizeof(ending[0]))

void
draft_hold_signals(sigset_t *saved)
{
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < ENDING; i++)
		(void)sigaddset(&set, ending[i]);
	(void)sigprocmask(SIG_BLOCK, &set, saved);
}

int
draft_interrupted(void)
{
	sigset_t pending;

	(void)sigpending(&pending);
	for (size_t i = 0; i < ENDING; i++)
		if (sigismember(&pending, ending[i]) == 1)
			return 1;
	return 0;
}

void
draft_release_signals(const sigset_t *saved)
{
	(void)sigprocmask(SIG_SETMASK, saved, NULL);
}

int
draft_replace(const char *path, mode_t mode, const void *data, size_t len, struct failure *why)
{
	struct draft draft;
	sigset_t saved;
	int r;

	draft_init(&draft, path, mode);
	draft_hold_signals(&saved);
	if ((r = draft_write(&draft, data, len, why)) == 0) {
		if (draft_interrupted())
			r = failure_set(why, EX_TEMPFAIL, "write %s: interrupted", path);
		else
			r = draft_publish(&draft, 1, why);
	}
	draft_discard(&draft);
	draft_release_signals(&saved);
	return r;
}
