#ifndef INETLS_LISTENER_H
#define INETLS_LISTENER_H

/* -d: accepts, and forks a process for each connection, which calls session_serve as under inetd. */

#include "options.h"

/* Listens until SIGTERM, in the background unless -f.  Returns the exit code. */
int listener_run(const struct options *o);

#endif
