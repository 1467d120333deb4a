#ifndef INETLS_SESSION_H
#define INETLS_SESSION_H

/* One connection, from its first byte to the exit code: the order of its steps is the design. */

#include "options.h"

/*
 * Serves the connection on fd 0 and 1, logs its one line, and returns the exit code, which speaks of the
 * local side only: EX_OK whatever the peer did.  channel is one to a listener's keyholder, or -1: then the
 * session starts its own.
 */
int session_serve(const struct options *o, int channel);

#endif
