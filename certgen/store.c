/*
 * Two files cannot be published in one step, so the order carries the meaning.  A new pair: the .crt first,
 * the PEM last, which is the moment that counts.  A replaced one: the old .crt goes away first and the new
 * one comes last, so that a crash in between leaves no .crt, never one that belongs to another key.
 */

#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "draft.h"
#include "file.h"
#include "view.h"

#define LOCK_TRIES 100 /* of 50 ms: others hold the lock for a few milliseconds */

int
store_init(struct store *store, const char *pem_path, int force, struct failure *why)
{
	size_t len = strlen(pem_path);

	if (len >= 4 && strcmp(pem_path + len - 4, ".pem") == 0)
		len -= 4;
	store->pem_path = pem_path;
	store->force = force;
	if (len + sizeof(".crt") > sizeof(store->crt_path))
		return failure_set(why, EX_CANTCREAT, "%.60s...: the path is too long", pem_path);
	(void)snprintf(store->crt_path, sizeof(store->crt_path), "%.*s.crt", (int)len, pem_path);
	return 0;
}

/* What the message about an existing PEM can tell of it. */
static void
describe(const char *path, char *text, size_t size)
{
	char *pem = NULL, names[80], date[VIEW_DATE_MAX];
	gnutls_x509_crt_t *certs = NULL;
	size_t len = 0;
	int count = -1;

	if (file_read(path, FILE_PEM_MAX, &pem, &len, NULL) == 0)
		count = cert_load(pem, len, &certs, NULL);
	if (count > 0)
		(void)snprintf(text, size, " (%s, expires %s)", view_names(certs[0], names, sizeof(names)),
		    view_date(gnutls_x509_crt_get_expiration_time(certs[0]), date));
	else
		*text = '\0';
	cert_free(certs, count);
	file_wipe(pem, len);
}

static int
is_taken(const char *path, int force, int *taken, struct failure *why)
{
	struct stat st;

	*taken = 0;
	if (lstat(path, &st) == -1)
		return 0; /* missing, or out of reach, of which writing says more */
	*taken = 1;
	if (force && !S_ISREG(st.st_mode))
		return failure_set(why, EX_CANTCREAT,
		    "%s exists and is no regular file: --force does not replace it", path);
	return 0;
}

int
store_vacant(const struct store *store, struct failure *why)
{
	int pem, crt;
	char what[160];

	if (is_taken(store->pem_path, store->force, &pem, why) == -1 ||
	    is_taken(store->crt_path, store->force, &crt, why) == -1)
		return -1;
	if (store->force || (!pem && !crt))
		return 0;
	if (pem) {
		describe(store->pem_path, what, sizeof(what));
		return failure_set(why, EX_CANTCREAT,
		    "%s exists%s and was left as it is; to replace it: --force, or make cert FORCE=1",
		    store->pem_path, what);
	}
	/* Left over from a run that was killed between the two files, or the other half of somebody's key. */
	return failure_set(why, EX_CANTCREAT,
	    "%s exists without %s and may belong to another key; move it away, or replace it with --force",
	    store->crt_path, store->pem_path);
}

/*
 * One at a time in this directory.  The lock is on the directory itself, so nothing is left behind.  A file
 * system that cannot lock gives fd and no lock: a new pair is safe without, by link(2).
 */
static int
lock_directory(const char *path, int *fd, struct failure *why)
{
	const struct timespec pause = { 0, 50 * 1000 * 1000 };
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');

	(void)snprintf(dir, sizeof(dir), "%.*s", slash == NULL ? 0 : (int)(slash - path) + 1, path);
	if ((*fd = open(slash == NULL ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return 0; /* draft_write says why */
	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(*fd, LOCK_EX | LOCK_NB) == 0 || (errno != EWOULDBLOCK && errno != EINTR))
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	(void)close(*fd);
	return failure_set(why, EX_TEMPFAIL, "%s: another process keeps its directory locked", path);
}

static int
publish_new(struct draft *pem, struct draft *crt, struct failure *why)
{
	if (draft_publish(crt, 0, why) == -1)
		return -1;
	if (draft_publish(pem, 0, why) == 0)
		return 0;
	(void)unlink(crt->path);
	return -1;
}

static int
publish_over(struct draft *pem, struct draft *crt, struct failure *why)
{
	if (unlink(crt->path) == -1 && errno != ENOENT)
		return failure_set(why, EX_CANTCREAT, "remove the old %s: %s", crt->path, strerror(errno));
	if (draft_publish(pem, 1, why) == -1)
		return -1;
	return draft_publish(crt, 0, why);
}

/* root may renew what a service's own user reads: that user must be able to read the new one. */
static void
keep_owner(struct draft *pem)
{
	struct stat st;

	if (geteuid() != 0 || lstat(pem->path, &st) == -1)
		return;
	pem->uid = st.st_uid;
	pem->gid = st.st_gid;
	if (st.st_uid == 0)
		pem->mode = 0600 | (st.st_mode & 040);
}

static int
write_pair(const struct store *store, const char *pem_text, const char *crt_text, struct failure *why)
{
	struct draft pem, crt;
	int r;

	draft_init(&pem, store->pem_path, 0600);
	draft_init(&crt, store->crt_path, 0644);
	if (store->force)
		keep_owner(&pem);
	/* Both are whole on disk before either has its name: a full disk is found out here. */
	r = draft_write(&crt, crt_text, strlen(crt_text), why);
	if (r == 0)
		r = draft_write(&pem, pem_text, strlen(pem_text), why);
	if (r == 0 && draft_interrupted())
		r = failure_set(why, EX_TEMPFAIL, "interrupted: nothing was written");
	if (r == 0)
		r = store->force ? publish_over(&pem, &crt, why) : publish_new(&pem, &crt, why);
	draft_discard(&pem);
	draft_discard(&crt);
	return r;
}

int
store_write(const struct store *store, const char *pem, const char *crt, struct failure *why)
{
	sigset_t saved;
	int lock, r;

	if (lock_directory(store->pem_path, &lock, why) == -1)
		return -1;
	draft_hold_signals(&saved);
	if ((r = store_vacant(store, why)) == 0)
		r = write_pair(store, pem, crt, why);
	draft_release_signals(&saved);
	if (lock != -1)
		(void)close(lock);
	return r;
}
