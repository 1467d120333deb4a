#ifndef INETLS_LISTENER_H
#define INETLS_LISTENER_H

/*
 * Many connections: -d, or a listening fd 0 (inetd's wait, systemd's Accept=no).  Exec and
 * initialisation are paid once, and a child already waits in accept for the next connection
 * (worker.h).
 */

#include <stdbool.h>

#include "options/options.h"

/* -d: binds, goes to the background unless -f, and serves until SIGTERM.  Returns the exit code. */
int listener_run(const struct options *o);

/* Whether fd 0 is a socket that listens. */
bool listener_is_inherited(void);

/*
 * Serves the socket on fd 0 until it has been idle for --idle-exit, then leaves it to the
 * super-server, which keeps any connection that arrives meanwhile.  Returns the exit code.
 */
int listener_run_inherited(const struct options *o);

#endif
