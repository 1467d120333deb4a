#ifndef INETLS_AGENT_H
#define INETLS_AGENT_H

/*
 * --hold-key: a keyholder that outlives connections, so that a one-shot need not fork its own.  It
 * listens on a Unix socket that only the user who started it may use, and hands each caller over to
 * a caged keyholder, which answers as a session's own would: the chain, and one signature.  This
 * process reads nothing, and looks for a renewed PEM.
 */

#include "options.h"

/*
 * Serves the socket of --keyholder, or fd 0 where that listens, until a signal or --idle-exit (fd 0
 * only) ends it.  The exit code.
 */
int agent_run(const struct options *o);

#endif
