#ifndef INETLS_PROGRAM_H
#define INETLS_PROGRAM_H

/*
 * A program behind TLS (-l), on one end of a socket pair.  The starter is its parent: it is forked
 * before the session is confined, and gives up root as the session does.  It reads nothing from the
 * network.  It waits for one message of fixed size, puts what the message says into the environment
 * and starts the program, or says why it cannot.  From then on it passes the program's stderr to
 * the log, and says how the program ended.  If the handshake fails, the starter ends without
 * starting anything.
 */

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"

struct confine;
struct program_facts;

struct program {
	int fd;      /* our end of the socket pair, non-blocking, or -1 */
	int control; /* to the starter, or -1 */
	const char *path;
	/* open descriptors that the starter must close, or -1 */
	int others[2];
};

/*
 * Forks the starter.  path and argv, which ends with NULL, remain the caller's; the caller sets
 * p->others before.  0, or -1 and *why.
 */
int program_prepare(struct program *p, const char *path, char *const *argv,
    const struct confine *user, struct failure *why);

/*
 * Starts the program.  0 once it runs, or -1 and *why: EX_UNAVAILABLE if it cannot be executed, or
 * does not run by the deadline; EX_OSERR.  If a signal asked us to end: -1, and deadline_stopped()
 * says so.
 */
int program_start(
    struct program *p, const struct program_facts *facts, int64_t deadline, struct failure *why);

/*
 * Ends the session's part.  If the session was complete, the program may finish in its own time;
 * otherwise it is killed, so that it cannot mistake cut input for complete.
 */
void program_leave(struct program *p, bool complete);

#endif
