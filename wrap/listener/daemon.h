#ifndef INETLS_DAEMON_H
#define INETLS_DAEMON_H

/*
 * What a long-running process needs: its signals, its pid file, and going to the background.  A
 * failure to start is still the exit code of the command that was typed.
 */

#include <stdbool.h>

#include "failure.h"
#include "options/options.h"
#include "listener/pidfile.h"

struct daemon {
	const struct options *o;
	int ready; /* the pipe to the process that was started first, or -1 */
	char pid_file[PIDFILE_MAX];
	bool has_pid; /* the pid file is written, and ours */
};

/* Finds out where the pid file goes.  0, or -1 and *why. */
int daemon_init(struct daemon *d, const struct options *o, struct failure *why);

/*
 * Without -f: forks, and only the new process returns.  The first process waits for daemon_settle
 * or daemon_fail and exits with the code that it gets.  0, or -1 and *why.
 */
int daemon_detach(struct daemon *d, struct failure *why);

/* 0, or -1 and *why, for example where another live process has that file. */
int daemon_write_pid(struct daemon *d, struct failure *why);

/*
 * Reports that it serves from now on.  Without -f it also lets go of the terminal: /dev/null
 * becomes 0, 1 and 2, and the log goes to syslog unless there is a log file.  0, or -1 and *why.
 */
int daemon_settle(struct daemon *d, struct failure *why);

/*
 * Logs why it does not serve, and makes the first process exit with that code.  Returns the code.
 */
int daemon_fail(struct daemon *d, const struct failure *why);

void daemon_remove_pid(struct daemon *d);

/*
 * From now on TERM, INT and QUIT mean stop, HUP means reload, and CHLD ends a wait.
 * daemon_must_stop: whether a stop was asked for.  daemon_must_reload: whether HUP has come since
 * the last call.
 */
void daemon_take_signals(void);
bool daemon_must_stop(void);
bool daemon_must_reload(void);

#endif
