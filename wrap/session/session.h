#ifndef INETLS_SESSION_H
#define INETLS_SESSION_H

/*
 * One connection, from its first byte to the exit code.  The order of the steps is what makes it
 * safe.
 */

#include <stdbool.h>

#include "base/address.h"
#include "options/options.h"
#include "confine/confine.h"

struct session;

/*
 * Serves the connection on fd 0 and 1, whose other end is peer, writes its log line and returns the
 * exit code.  The code is about the local side only: EX_OK whatever the peer did.
 */
int session_serve(const struct options *o, const struct address *peer);

/*
 * Whether a session could use TLS with these options and the files that they name now: 0, 1 if it
 * can, but *why has a warning, or -1 and *why.  Call tls_init before.
 */
int session_try_tls(const struct options *o, struct failure *why);

/*
 * Whether a session can be prepared before its peer connects.  Not where something must be fresh: a
 * list of revoked certificates is read when the peer has connected, so that it counts from the next
 * connection on; a client resolves the server's name then; and a program is started then.
 */
bool session_can_wait(const struct options *o);

/* What a listener gives to its child. */
struct session_start {
	const struct options *o;
	const struct confine *user; /* the user to become */
	int channel;                /* a channel to the listener's keyholder, or -1 */
	/* the socket to the listener; no other process may keep it open */
	int control;
	int highest_fd; /* the highest descriptor that the child needs to accept */
};

/*
 * The same in a child that is made in advance: it opens what needs a path or a privilege, confines
 * itself, waits for a connection, and runs.  session_new: NULL if there is no memory.
 */
struct session *session_new(const struct session_start *start);

/* 0, or -1 on failure: session_run then logs why, together with the peer. */
int session_open(struct session *s);
int session_confine(struct session *s);

/*
 * Serves the connection on fd 0 and 1, which is non-blocking.  *peer is its other end, since the
 * socket forgets that once the peer has reset it.  refused is why the connection is closed at once,
 * or NULL.  Opens and confines first if that was not done yet.  Returns the exit code.
 */
int session_run(struct session *s, const struct address *peer, const char *refused);

#endif
