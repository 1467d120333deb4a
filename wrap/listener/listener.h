#ifndef INETLS_LISTENER_H
#define INETLS_LISTENER_H

/*
 * Many connections: -d, or fd 0 that listens (inetd's wait, systemd's Accept=no).  Exec and
 * initialisation are paid once, and the next connection finds a child that already waits in accept
 * (worker.h).
 */

#include <stdbool.h>

#include "options/options.h"

/* -d: binds, goes to the background unless -f, and serves until SIGTERM.  Returns the exit code. */
int listener_run(const struct options *o);

/* Whether fd 0 is a socket that listens. */
bool listener_is_inherited(void);

/*
 * The socket on fd 0, until it has been idle for --idle-exit; then it is handed back to the
 * super-server, in whose hands a connection that arrives meanwhile stays.  Returns the exit code.
 */
int listener_run_inherited(const struct options *o);

#endif
