#ifndef INETLS_KEYHOLDER_SERVICE_H
#define INETLS_KEYHOLDER_SERVICE_H

/* One keyholder for many sessions: each gets a channel of its own to it (keyholder.h). */

#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "key/signable.h"

struct confine;

struct keyholder_service {
	pid_t pid;
	int control; /* new channels are sent over this socket; -1 when closed */
};

/* Forks a keyholder for many sessions.  0, or -1 and *why. */
int keyholder_service_start(struct keyholder_service *s, const char *pem_path,
    enum signable_role role, const struct confine *user, struct failure *why);

/*
 * Waits for its first message.  0: it serves, and why->text is a warning for the log, or "".  -1
 * and *why: it does not, because the PEM cannot be read, key and certificate do not match, or it
 * said nothing until the deadline.  1: a signal came first; call again or give up.
 */
int keyholder_service_hear(struct keyholder_service *s, int64_t deadline, struct failure *why);

/* The deadline for an answer that is asked for now. */
int64_t keyholder_service_deadline(void);

/* Sends it the other end of a channel.  0, or -1 and *why where it is gone. */
int keyholder_service_give(struct keyholder_service *s, int fd, struct failure *why);

/* Closes the control socket.  The keyholder ends with its last channel. */
void keyholder_service_leave(struct keyholder_service *s);

/* Kills a keyholder that has never served, whatever it is waiting for. */
void keyholder_service_kill(struct keyholder_service *s);

#endif
