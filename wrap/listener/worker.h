#ifndef INETLS_WORKER_H
#define INETLS_WORKER_H

/*
 * A listener's child: it waits for one connection and serves it.  It tells the listener the peer's
 * address and, where there are limits, asks whether it may serve.  An accepted connection is always
 * served, or refused with a line in the log.
 */

#include "options/options.h"
#include "listener/port.h"
#include "confine/confine.h"

/* The listener's answer; a child reads it only where there is a limit. */
enum { WORKER_SERVE = 's', WORKER_TOO_MANY = 'm', WORKER_TOO_MANY_OF_SOURCE = 'p' };

bool worker_has_limit(const struct options *o);

/*
 * Runs such a child and never returns.  user is the user that it becomes; channel goes to a
 * keyholder, or is -1; control is the socket to the listener: when it ends, a waiting child must
 * leave.
 */
void worker_run(const struct options *o, const struct confine *user, const struct port *port,
    int channel, int control) __attribute__((noreturn));

#endif
