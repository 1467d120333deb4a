/* The generations of a keyholder. */

#include "keyring.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "file.h"
#include "log.h"

#define LOOK_MS 1000 /* how often a renewed PEM is looked for, while connections arrive */

static int
start(struct keyring *k, struct failure *why)
{
	struct keyholder_service fresh;
	int place = 0;

	while (place < KEYRING_MAX && k->pids[place] != 0)
		place++;
	if (place == KEYRING_MAX)
		return failure_set(why, EX_OSERR, "%s changes too often", k->pem_path);
	if (keyholder_service_start(&fresh, k->pem_path, k->user, why) == -1)
		return -1;
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
keyring_open(
    struct keyring *k, const char *pem_path, const struct sandbox *user, struct failure *why)
{
	*k = (struct keyring){ .pem_path = pem_path, .user = user, .current = { .control = -1 } };
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
keyring_give(struct keyring *k, int fd, struct failure *why)
{
	if (keyholder_service_give(&k->current, fd, why) == 0)
		return 0;
	/* It has died: another is made. */
	return start(k, why) == -1 ? -1 : keyholder_service_give(&k->current, fd, why);
}

int
keyring_channel(struct keyring *k, struct failure *why)
{
	int ends[2], r;

	if (k->pem_path == NULL)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
		failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
		return -2;
	}
	r = keyring_give(k, ends[1], why);
	(void)close(ends[1]);
	if (r == 0)
		return ends[0];
	(void)close(ends[0]);
	return -2;
}

bool
keyring_reaped(struct keyring *k, pid_t pid)
{
	for (int i = 0; i < KEYRING_MAX; i++)
		if (k->pids[i] == pid) {
			k->pids[i] = 0;
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
	keyholder_service_leave(&k->current);
}
