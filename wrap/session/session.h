#ifndef INETLS_SESSION_H
#define INETLS_SESSION_H

/* One connection, from its first byte to the exit code: the order of its steps is the design. */

#include <stdbool.h>

#include "base/address.h"
#include "options/options.h"
#include "confine/confine.h"

struct session;

/*
 * Serves the connection on fd 0 and 1, logs its one line, and returns the exit code, which speaks
 * of the local side only: EX_OK whatever the peer did.
 */
int session_serve(const struct options *o);

/*
 * Whether a session could have TLS with these options, and with the files that they name as they
 * are now: 0, or -1 and *why.  tls_init was called.
 */
int session_try_tls(const struct options *o, struct failure *why);

/*
 * Whether a session may be made ready before its peer is there.  What a peer must be is read when
 * it has come, so that a list of revoked certificates counts from the next connection; a client
 * resolves the server's name then, and a program is started.
 */
bool session_can_wait(const struct options *o);

/* What a listener gives its child. */
struct session_start {
	const struct options *o;
	const struct confine *user; /* whom to become */
	int channel;                /* to the listener's keyholder, or -1 */
	int control;                /* to the listener; no other process may keep it */
	int highest_fd;             /* that the child needs to accept */
};

/*
 * The same in a child that is made in advance.  It opens what needs a path or a privilege, confines
 * itself, waits for a connection, and runs.  session_new: NULL where there is no memory.
 */
struct session *session_new(const struct session_start *start);

/* 0, or -1 where it failed: session_run then logs why, with the peer. */
int session_open(struct session *s);
int session_confine(struct session *s);

/*
 * The connection is on fd 0 and 1, non-blocking; *peer is its other end, which the socket does not
 * tell any more once the peer has reset it.  refused is why it is closed at once, or NULL.  Opens
 * and confines first what is not yet.  Returns the exit code.
 */
int session_run(struct session *s, const struct address *peer, const char *refused);

#endif
