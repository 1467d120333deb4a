/* One keyholder for each version of the PEM that is still in use. */

#include "listener/keyholders.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener/daemon.h"
#include "base/deadline.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "key/keyholder_serve.h"

#define AGAIN_MS 2000 /* how often a token that is gone is looked for */
#define LOOK_MS 1000  /* how often the PEM is checked for a change, while connections arrive */

/*
 * Waits for the first message of a new keyholder; children may end meanwhile.  If a signal asks us
 * to stop, or it says nothing for that long, it fails.
 */
static int
await_start(struct keyholder_service *fresh, struct failure *why)
{
	int64_t deadline = keyholder_service_deadline();
	int r;

	while ((r = keyholder_service_hear(fresh, deadline, why)) == 1)
		if (daemon_must_stop())
			return failure_set(why, EX_SOFTWARE, "ended by a signal");
	return r;
}

static int
start(struct keyholders *k, struct failure *why)
{
	struct keyholder_service fresh;
	int place = 0;

	while (place < KEYHOLDERS_MAX && k->pids[place] != 0)
		place++;
	if (place == KEYHOLDERS_MAX)
		return failure_set(why, EX_OSERR, "%s changes too often", k->pem_path);
	if (keyholder_service_start(&fresh, k->pem_path, k->role, k->user, why) == -1)
		return -1;
	if (await_start(&fresh, why) == -1) {
		keyholder_service_kill(&fresh);
		return -1;
	}
	if (why->text[0] != '\0')
		log_line(LEVEL_WARNING, "%s", why->text);
	keyholders_leave(k);
	k->current = fresh;
	k->pids[place] = fresh.pid;
	k->refusal.code = EX_OK;
	k->again = DEADLINE_NEVER;
	return 0;
}

/*
 * Whether connections are to be refused with that reason.  A shortage of this machine is no such
 * reason.  A wrong PIN is not tried again by itself.
 */
static bool
refuse(struct keyholders *k, const struct failure *why)
{
	if (why->code != EX_NOINPUT && why->code != EX_NOPERM && why->code != EX_CONFIG)
		return false;
	if (k->refusal.code == EX_OK)
		log_line(LEVEL_ERR, "%s; connections are refused", why->text);
	k->refusal = *why;
	k->again = why->code == EX_NOINPUT ? deadline_after(AGAIN_MS) : DEADLINE_NEVER;
	return true;
}

/* An inode number may be used again; the time of the last change tells the files apart. */
static bool
is_same(const struct stat *then, const struct stat *now)
{
	return now->st_ino == then->st_ino && now->st_dev == then->st_dev &&
	    now->st_size == then->st_size && now->st_ctim.tv_sec == then->st_ctim.tv_sec &&
	    now->st_ctim.tv_nsec == then->st_ctim.tv_nsec;
}

static bool
has_changed(struct keyholders *k)
{
	struct stat now;

	if (deadline_now() - k->looked < LOOK_MS)
		return false;
	k->looked = deadline_now();
	if (stat(k->pem_path, &now) == -1)
		/* the file is being replaced, or gone: the key in memory still serves */
		return false;
	if (is_same(&k->pem, &now))
		return false;
	k->pem = now;
	return true;
}

int
keyholders_open(struct keyholders *k, const char *pem_path, enum signable_role role,
    const struct confine *user, struct failure *why)
{
	*k = (struct keyholders){ .pem_path = pem_path,
		.role = role,
		.user = user,
		.current = { .control = -1 },
		.again = DEADLINE_NEVER };
	if (pem_path == NULL)
		return 0;
	(void)has_changed(k);
	return start(k, why);
}

bool
keyholders_renew(struct keyholders *k, bool anyway)
{
	struct failure why;

	if (k->pem_path == NULL || (!has_changed(k) && !anyway))
		return false;
	if (start(k, &why) == -1) {
		log_line(LEVEL_ERR, "%s; the old key stays in use", why.text);
		return false;
	}
	log_line(LEVEL_NOTICE, "%s was read again", k->pem_path);
	return true;
}

int64_t
keyholders_due(const struct keyholders *k)
{
	return k->refusal.code != EX_OK ? k->again : DEADLINE_NEVER;
}

bool
keyholders_retry(struct keyholders *k)
{
	struct failure why;

	if (deadline_now() < keyholders_due(k))
		return false;
	if (start(k, &why) == 0) {
		log_line(LEVEL_NOTICE, "%s serves again", k->pem_path);
		return true;
	}
	if (!refuse(k, &why))
		k->again = deadline_after(AGAIN_MS);
	return false;
}

/* Makes the current keyholder serve the other end of a channel, or puts a refusal into it. */
static int
give(struct keyholders *k, int end, struct failure *why)
{
	if (k->refusal.code == EX_OK) {
		if (keyholder_service_give(&k->current, end, why) == 0)
			return 0;
		/* The keyholder has died, so start another. */
		if (start(k, why) == 0)
			return keyholder_service_give(&k->current, end, why);
		if (!refuse(k, why))
			return -1;
	}
	return keyholder_serve_refusal(end, &k->refusal);
}

int
keyholders_channel(struct keyholders *k, struct failure *why)
{
	int ends[2], r;

	if (k->pem_path == NULL)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
		failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
		return -2;
	}
	r = give(k, ends[1], why);
	(void)close(ends[1]);
	if (r == -1)
		(void)close(ends[0]);
	return r == -1 ? -2 : ends[0];
}

bool
keyholders_reaped(struct keyholders *k, pid_t pid)
{
	for (int i = 0; i < KEYHOLDERS_MAX; i++)
		if (k->pids[i] == pid) {
			k->pids[i] = 0;
			/* Children that had channels of an older keyholder were retired before. */
			return pid == k->current.pid;
		}
	return false;
}

bool
keyholders_serves(const struct keyholders *k)
{
	for (int i = 0; i < KEYHOLDERS_MAX; i++)
		if (k->pids[i] != 0)
			return true;
	return false;
}

void
keyholders_leave(struct keyholders *k)
{
	keyholder_service_leave(&k->current);
}
