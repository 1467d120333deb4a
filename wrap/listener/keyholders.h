#ifndef INETLS_KEYHOLDERS_H
#define INETLS_KEYHOLDERS_H

/*
 * The keyholders of a process that has one for many sessions.  Each belongs to the PEM as it was at
 * one time and serves the channels that it was given, so that chain and signature always match; an
 * old one leaves with the last of its channels.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "failure.h"
#include "key/keyholder.h"

#define KEYHOLDERS_MAX 16 /* generations at once: sessions keep theirs for one handshake */

struct keyholders {
	const char *pem_path; /* NULL: a client that shows no certificate */
	enum signable_role role;
	const struct confine *user;
	struct keyholder_service current;
	pid_t pids[KEYHOLDERS_MAX]; /* of every generation that still serves; 0 is a free place */
	struct stat pem;
	int64_t looked; /* when the PEM was looked at, in ms */
};

/* The first generation.  0, or -1 and *why. */
int keyholders_open(struct keyholders *k, const char *pem_path, enum signable_role role,
    const struct confine *user, struct failure *why);

/*
 * Whether there is a new generation, since the PEM has changed, which is looked at once a second at
 * most, or anyway where that is wanted.  Logs what came of it; where the new PEM cannot serve, the
 * old key goes on.
 */
bool keyholders_renew(struct keyholders *k, bool anyway);

/*
 * A channel of the current generation, -1 where there is no key, -2 and *why where there should be
 * one.
 */
int keyholders_channel(struct keyholders *k, struct failure *why);

/* Whether a child that has ended was the current keyholder; whether any is left. */
bool keyholders_reaped(struct keyholders *k, pid_t pid);
bool keyholders_serves(const struct keyholders *k);

/*
 * In the listener, when it stops, and in its children at once: the last channel's end is the
 * keyholder's.
 */
void keyholders_leave(struct keyholders *k);

#endif
