#ifndef INETLS_WORKER_H
#define INETLS_WORKER_H

/*
 * A listener's child: it waits for one connection and serves it.  It tells the listener whom it has
 * accepted and asks whether it may serve; what was accepted is always served, or refused with a
 * line in the log.
 */

#include "options/options.h"
#include "listener/port.h"
#include "confine/confine.h"

/* The listener's answer, which is read only where there is a limit. */
enum { WORKER_SERVE = 's', WORKER_TOO_MANY = 'm', WORKER_TOO_MANY_OF_SOURCE = 'p' };

bool worker_has_limit(const struct options *o);

/*
 * Becomes such a child.  Never returns.  user is whom to become; channel is one to a keyholder, or
 * -1; control the socket to the listener, whose end means that a child that waits must leave.
 */
void worker_run(const struct options *o, const struct confine *user, const struct port *port,
    int channel, int control) __attribute__((noreturn));

#endif
