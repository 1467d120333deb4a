#ifndef INETLS_WORKER_H
#define INETLS_WORKER_H

/*
 * A listener's child, which waits in accept for the one connection that it will serve.  Where all
 * that does not depend on the peer can be done by then it comes from a zygote (zygote.h).  It tells
 * the listener whom it has accepted and is told whether to serve; what was accepted is always
 * served, or refused with a line in the log.  The end of its socket to the listener is its own.
 */

#include <stdint.h>

#include "address.h"
#include "options.h"
#include "port.h"
#include "sandbox.h"

/* The listener's answer, which is read only where there is a limit. */
enum { WORKER_SERVE = 's', WORKER_TOO_MANY = 'm', WORKER_TOO_MANY_OF_SOURCE = 'p' };

bool worker_has_limit(const struct options *o);

/*
 * Becomes such a child, or where session_can_wait says so a zygote.  Never returns.  user is whom
 * to become; channel is one to a keyholder, or -1; control the socket to the listener, whose
 * closing means that an idle child must leave.
 */
void worker_run(const struct options *o, const struct sandbox *user, const struct port *port,
    int channel, int control) __attribute__((noreturn));

#endif
