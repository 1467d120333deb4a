/*
 * Several files cannot be published in one step, so the order matters.  New files: the first file,
 * which counts, is published last.  Replaced files: the old other files are removed first, and the
 * new ones come last.  A crash in between can leave files missing, but never one that belongs to
 * another key.
 */

#include "files/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files/draft.h"

#define LOCK_TRIES 100 /* of 50 ms; other processes hold the lock for a few milliseconds */

void
bundle_init(struct bundle *bundle, int force)
{
	memset(bundle, 0, sizeof(*bundle));
	bundle->force = force;
}

void
bundle_add(struct bundle *bundle, const char *path, mode_t mode, const void *data, size_t len)
{
	bundle->files[bundle->count++] = (struct bundle_file){ path, mode, data, len };
}

int
bundle_vacant(const struct bundle *bundle, struct failure *why)
{
	struct stat st;

	for (size_t i = 0; i < bundle->count; i++) {
		const char *path = bundle->files[i].path;

		if (lstat(path, &st) == -1)
			continue; /* missing, or not accessible: writing it will report more */
		if (!bundle->force)
			return failure_set(why, EX_CANTCREAT,
			    "%s exists and was left as it is; to replace it: --force", path);
		if (!S_ISREG(st.st_mode))
			return failure_set(why, EX_CANTCREAT,
			    "%s exists and is not a regular file: --force does not replace it",
			    path);
	}
	return 0;
}

static int
publish_new(struct draft drafts[], size_t count, struct failure *why)
{
	for (size_t i = 1; i <= count; i++) {
		if (draft_publish(&drafts[i % count], 0, why) == 0)
			continue;
		while (--i > 0)
			(void)draft_remove_published(&drafts[i]);
		return -1;
	}
	return 0;
}

static int
publish_over(struct draft drafts[], size_t count, struct failure *why)
{
	for (size_t i = 1; i < count; i++)
		if (draft_remove_published(&drafts[i]) == -1 && errno != ENOENT)
			return failure_set(why, EX_CANTCREAT, "remove the old %s: %s",
			    drafts[i].path, strerror(errno));
	if (draft_publish(&drafts[0], 1, why) == -1)
		return -1;
	for (size_t i = 1; i < count; i++)
		if (draft_publish(&drafts[i], 0, why) == -1)
			return -1;
	return 0;
}

/*
 * Keeps the owner: when root renews a file that a service's user reads, that user must be able to
 * read the new one.
 */
static void
keep_owner(struct draft *draft, const struct stat *was)
{
	struct stat st;

	if (was != NULL)
		st = *was;
	/* A bundle has at least one file.  NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
	else if (lstat(draft->path, &st) == -1)
		return;
	if (geteuid() == 0) {
		draft->uid = st.st_uid;
		draft->gid = st.st_gid;
	}
	/* A group may read a key that root owns: libpq's rule. */
	if (st.st_uid == 0 && geteuid() == 0)
		/* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): the same */
		draft->mode |= st.st_mode & 040;
}

/* Writes all files to disk before any gets its name, so that a full disk is noticed here. */
static int
write_drafts(const struct bundle *bundle, struct draft drafts[], struct failure *why)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < bundle->count; i++)
		r = draft_write(&drafts[i], bundle->files[i].data, bundle->files[i].len, why);
	if (r == 0 && draft_interrupted())
		r = failure_set(why, EX_TEMPFAIL, "interrupted: nothing was written");
	if (r == 0 && bundle->commit != NULL)
		r = bundle->commit(bundle->context, why);
	return r;
}

static int
write_locked(const struct bundle *bundle, struct failure *why)
{
	struct draft drafts[BUNDLE_MAX];
	int r;

	for (size_t i = 0; i < bundle->count; i++)
		draft_init(&drafts[i], bundle->files[i].path, bundle->files[i].mode);
	if (bundle->force || bundle->was != NULL)
		keep_owner(&drafts[0], bundle->was);
	if ((r = write_drafts(bundle, drafts, why)) == 0)
		r = (bundle->force ? publish_over : publish_new)(drafts, bundle->count, why);
	for (size_t i = 0; i < bundle->count; i++)
		draft_discard(&drafts[i]);
	return r;
}

/*
 * Locks the directory of a path, so that only one of our processes writes there at a time; leaves
 * no lock file.  Returns a descriptor to close, or -1.  Anybody who may read the directory can hold
 * the lock, so this waits five seconds at most, and the caller then goes on without it.
 */
static int
lock_beside(const char *path)
{
	const struct timespec pause = { 0, 50 * 1000 * 1000 };
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	int fd;

	(void)snprintf(dir, sizeof(dir), "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	    slash == NULL ? "." : path);
	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return -1;
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break; /* the file system cannot lock */
		(void)nanosleep(&pause, NULL);
	}
	(void)close(fd);
	return -1;
}

int
bundle_write(const struct bundle *bundle, struct failure *why)
{
	sigset_t saved;
	/* New files are safe without a lock too, thanks to link(2). */
	int lock = lock_beside(bundle->files[0].path), r;

	draft_hold_signals(&saved);
	/*
	 * Check again now that nobody else writes here: a CA must not record a certificate that
	 * then cannot be written.
	 */
	if ((r = bundle_vacant(bundle, why)) == 0)
		r = write_locked(bundle, why);
	draft_release_signals(&saved);
	if (lock != -1)
		(void)close(lock);
	return r;
}
