#ifndef INETLS_SESSION_H
#define INETLS_SESSION_H

/* One connection, from its first byte to the exit code: the order of its steps is the design. */

#include "options.h"

/*
 * Serves the connection on fd 0 and 1, logs its one line, and returns the exit code, which speaks
 * of the local side only: EX_OK whatever the peer did.  channel is one to a listener's keyholder,
 * or -1: then the session starts its own.
 */
int session_serve(const struct options *o, int channel);

/*
 * The same in a process that was made in advance: everything that does not depend on the peer is
 * done first, then take_connection waits for one and puts it on fd 0 and 1, which are free by then.
 * It returns 0, or -1 where there will be none: then nothing is logged and the result is EX_OK.
 * *refused, where it sets it, is why the connection is closed at once.
 */
int session_serve_next(const struct options *o, int channel,
    int (*take_connection)(void *context, const char **refused), void *context);

#endif
