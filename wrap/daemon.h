#ifndef INETLS_DAEMON_H
#define INETLS_DAEMON_H

/* Going to the background, so that a failure to start is still the exit code of what was typed. */

#include "failure.h"
#include "log.h"

/*
 * Forks; only the new process returns.  The one that was typed waits for daemon_ready and exits
 * with its code. A pipe to it in *ready, or -1 and *why.
 */
int daemon_detach(int *ready, struct failure *why);

/* Lets the process that was typed exit with this code; -1 is nothing to do. */
void daemon_ready(int *ready, int code);

/*
 * The terminal is not ours any more: /dev/null on 0, 1 and 2, and syslog unless there is a log
 * file.
 */
int daemon_leave_terminal(const struct log_options *log, struct failure *why);

#endif
