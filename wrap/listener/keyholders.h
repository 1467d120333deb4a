#ifndef INETLS_KEYHOLDERS_H
#define INETLS_KEYHOLDERS_H

/*
 * The keyholders of a process that needs one for many sessions.  Each holds the PEM as it was when
 * the keyholder started, and serves the channels that it was given, so chain and signature always
 * match.  An old one ends with the last of its channels.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "failure.h"
#include "key/keyholder_service.h"

#define KEYHOLDERS_MAX 16 /* keyholders at once: a session needs its own for one handshake only */

struct keyholders {
	const char *pem_path; /* NULL: a client that shows no certificate */
	enum signable_role role;
	const struct confine *user;
	struct keyholder_service current;
	pid_t pids[KEYHOLDERS_MAX]; /* of every keyholder that still runs; 0 is a free place */
	struct stat pem;
	int64_t looked; /* when the PEM was last checked, in ms */
	/* Why no keyholder serves, so that every connection is refused; code 0 while one does. */
	struct failure refusal;
	int64_t again; /* when to try to start one again, or DEADLINE_NEVER */
};

/* Starts the first keyholder.  0, or -1 and *why. */
int keyholders_open(struct keyholders *k, const char *pem_path, enum signable_role role,
    const struct confine *user, struct failure *why);

/*
 * Starts a new keyholder if the PEM has changed, or always if anyway is set; the file is checked
 * once a second at most.  Returns whether a new one serves, and logs the outcome.  If the new PEM
 * cannot be used, the old key stays.
 */
bool keyholders_renew(struct keyholders *k, bool anyway);

/*
 * Tries to start a keyholder where none could serve, once keyholders_due has come: a token may be
 * back.  Returns whether one serves now, and logs it.
 */
bool keyholders_retry(struct keyholders *k);
int64_t keyholders_due(const struct keyholders *k);

/*
 * A channel to the current keyholder, or one in which a refusal waits if none can serve; -1 where
 * there is no key; -2 and *why where there should be one.
 */
int keyholders_channel(struct keyholders *k, struct failure *why);

/*
 * keyholders_reaped: whether the process that has ended was the current keyholder.
 * keyholders_serves: whether any keyholder is left.
 */
bool keyholders_reaped(struct keyholders *k, pid_t pid);
bool keyholders_serves(const struct keyholders *k);

/*
 * Closes the channels: in the listener when it stops, in its children at once.  A keyholder ends
 * with its last channel.
 */
void keyholders_leave(struct keyholders *k);

#endif
