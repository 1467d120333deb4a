/* The generations of a listener's keyholder. */

#include "keyring.h"

#include "deadline.h"
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
	const struct stat *then = &k->pem;
	struct stat now;

	if (deadline_now() - k->looked < LOOK_MS)
		return false;
	k->looked = deadline_now();
	if (stat(k->pem_path, &now) == -1)
		return false; /* being replaced, or gone: the key that is held still serves */
	if (now.st_ino == then->st_ino && now.st_dev == then->st_dev &&
	    now.st_size == then->st_size && now.st_ctim.tv_sec == then->st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == then->st_ctim.tv_nsec)
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
keyring_channel(struct keyring *k, struct failure *why)
{
	int channel;

	if (k->pem_path == NULL)
		return -1;
	if ((channel = keyholder_service_channel(&k->current, why)) != -1)
		return channel;
	/* It has died: another is made. */
	if (start(k, why) == -1 || (channel = keyholder_service_channel(&k->current, why)) == -1)
		return -2;
	return channel;
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
