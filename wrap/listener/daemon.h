#ifndef INETLS_DAEMON_H
#define INETLS_DAEMON_H

/*
 * The life of a process that goes on: its signals, its pid file, and going to the background so
 * that a failure to start is still the exit code of what was typed.
 */

#include <stdbool.h>

#include "failure.h"
#include "options/options.h"
#include "listener/pidfile.h"

struct daemon {
	const struct options *o;
	int ready; /* the pipe to the process that was typed, or -1 */
	char pid_file[PIDFILE_MAX];
	bool has_pid; /* it is written, and ours */
};

/* Finds out where the pid file goes.  0, or -1 and *why. */
int daemon_init(struct daemon *d, const struct options *o, struct failure *why);

/*
 * Without -f: forks, and only the new process returns.  The one that was typed waits for
 * daemon_settle or daemon_fail and exits with that code.  0, or -1 and *why.
 */
int daemon_detach(struct daemon *d, struct failure *why);

/* 0, or -1 and *why, as where another process has that file. */
int daemon_write_pid(struct daemon *d, struct failure *why);

/*
 * It serves from now on; without -f the terminal is not ours any more: /dev/null on 0, 1 and 2, and
 * syslog unless there is a log file.  0, or -1 and *why.
 */
int daemon_settle(struct daemon *d, struct failure *why);

/* Logs why it does not serve, and lets the process that was typed exit with that code: the code. */
int daemon_fail(struct daemon *d, const struct failure *why);

void daemon_remove_pid(struct daemon *d);

/*
 * From now on TERM, INT and QUIT mean stop, HUP reload, and CHLD ends a wait.  Whether one of the
 * first has come; whether HUP has, since this was asked before.
 */
void daemon_take_signals(void);
bool daemon_must_stop(void);
bool daemon_must_reload(void);

#endif
