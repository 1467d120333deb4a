/* The generations of a keyholder. */

#include "keyring.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon.h"
#include "deadline.h"
#include "descriptor.h"
#include "file.h"
#include "log.h"

#define LOOK_MS 1000 /* how often a renewed PEM is looked for, while connections arrive */

/* Children may end meanwhile; who is asked to end, or to wait for longer than that, does not go on.
 */
static int
await_start(struct keyholder_service *fresh, struct failure *why)
{
	int64_t deadline = keyholder_deadline();
	int r;

	while ((r = keyholder_service_hear(fresh, deadline, why)) == 1)
		if (daemon_must_stop())
			return failure_set(why, EX_SOFTWARE, "ended by a signal");
	return r;
}

static int
start(struct keyring *k, struct failure *why)
{
	struct keyholder_service fresh;
	int place = 0;

	while (place < KEYRING_MAX && k->pids[place] != 0)
		place++;
	if (place == KEYRING_MAX)
		return failure_set(why, EX_OSERR, "%s changes too often", k->pem_path);
	if (keyholder_service_start(&fresh, k->pem_path, k->role, k->user, why) == -1)
		return -1;
	if (await_start(&fresh, why) == -1) {
		keyholder_service_kill(&fresh);
		return -1;
	}
	if (why->text[0] != '\0')
		log_line(LEVEL_WARNING, "%s", why->text);
	keyring_leave(k);
	k->current = fresh;
	k->pids[place] = fresh.pid;
	return 0;
}

static bool
has_changed(struct keyring *k)
{
	struct stat now;

	if (deadline_now() - k->looked < LOOK_MS)
		return false;
	k->looked = deadline_now();
	if (stat(k->pem_path, &now) == -1)
		return false; /* being replaced, or gone: the key that is held still serves */
	if (file_is_same(&k->pem, &now))
		return false;
	k->pem = now;
	return true;
}

int
keyring_open(struct keyring *k, const char *pem_path, enum signable_role role,
    const struct sandbox *user, struct failure *why)
{
	*k = (struct keyring){
		.pem_path = pem_path, .role = role, .user = user, .current = { .control = -1 }
	};
	if (pem_path == NULL)
		return 0;
	(void)has_changed(k);
	return start(k, why);
}

bool
keyring_renew(struct keyring *k, bool anyway)
{
	struct failure why;

	if (k->pem_path == NULL || (!has_changed(k) && !anyway))
		return false;
	if (start(k, &why) == -1) {
		log_line(LEVEL_ERR, "%s; the key as it was goes on serving", why.text);
		return false;
	}
	log_line(LEVEL_NOTICE, "%s was read anew", k->pem_path);
	return true;
}

int
keyring_give(struct keyring *k, const int *fds, int n, struct failure *why)
{
	if (keyholder_service_give(&k->current, fds, n, why) == 0)
		return 0;
	/* It has died: another is made. */
	return start(k, why) == -1 ? -1 : keyholder_service_give(&k->current, fds, n, why);
}

_Static_assert(KEYRING_STOCK <= DESCRIPTORS_MAX, ""); /* they go in one message */

/*
 * Several channels at once, so that the keyholder is woken once for all of them; where descriptors
 * are short one, since others are needed besides.
 */
static int
stock_up(struct keyring *k, struct failure *why)
{
	int ours[KEYRING_STOCK], theirs[KEYRING_STOCK], ends[2], n = 0, r;

	while (
	    n < KEYRING_STOCK && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0) {
		ours[n] = ends[0];
		theirs[n++] = ends[1];
	}
	if (n == 0)
		return failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
	if (n < KEYRING_STOCK) {
		descriptor_close_each(ours + 1, n - 1);
		descriptor_close_each(theirs + 1, n - 1);
		n = 1;
	}
	r = keyring_give(k, theirs, n, why);
	descriptor_close_each(theirs, n);
	if (r == -1) {
		descriptor_close_each(ours, n);
		return -1;
	}
	memcpy(k->stock, ours, (size_t)n * sizeof(int));
	k->n_stock = n;
	return 0;
}

void
keyring_drop_stock(struct keyring *k)
{
	descriptor_close_each(k->stock, k->n_stock);
	k->n_stock = 0;
}

int
keyring_channel(struct keyring *k, struct failure *why)
{
	if (k->pem_path == NULL)
		return -1;
	if (k->n_stock == 0 && stock_up(k, why) == -1)
		return -2;
	return k->stock[--k->n_stock];
}

bool
keyring_reaped(struct keyring *k, pid_t pid)
{
	for (int i = 0; i < KEYRING_MAX; i++)
		if (k->pids[i] == pid) {
			k->pids[i] = 0;
			if (pid != k->current.pid)
				return false; /* who had its channels was retired before */
			keyring_drop_stock(k);
			return true;
		}
	return false;
}

bool
keyring_serves(const struct keyring *k)
{
	for (int i = 0; i < KEYRING_MAX; i++)
		if (k->pids[i] != 0)
			return true;
	return false;
}

void
keyring_leave(struct keyring *k)
{
	keyring_drop_stock(k);
	keyholder_service_leave(&k->current);
}
