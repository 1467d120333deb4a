#ifndef INETLS_SESSION_H
#define INETLS_SESSION_H

/* One connection, from its first byte to the exit code: the order of its steps is the design. */

#include <stdbool.h>

#include "address.h"
#include "options.h"
#include "sandbox.h"

struct zygote_gift;

/*
 * Serves the connection on fd 0 and 1, logs its one line, and returns the exit code, which speaks
 * of the local side only: EX_OK whatever the peer did.  channel is one to a listener's keyholder,
 * or -1: then the session starts its own.
 */
int session_serve(const struct options *o, int channel);

/*
 * Whether a session could have TLS with these options, and with the files that they name as they
 * are now: 0, or -1 and *why.  tls_init was called.
 */
int session_try_tls(const struct options *o, struct failure *why);

/*
 * Whether everything but the peer can be there before the peer is.  A client resolves the server's
 * name for each connection, and a program is started for each.
 */
bool session_can_wait(const struct options *o);

/* What a listener gives its child. */
struct session_start {
	const struct options *o;
	const struct sandbox *user; /* whom to become */
	int channel;                /* to the listener's keyholder, or -1 */
	int listener;               /* the socket to the listener; no other process may keep it */
	/*
	 * Called where session_can_wait, behind the door if it could be closed: returns 0 in each
	 * process that is to be a session, with what it has for itself, one socket for each of the
	 * families; or -1 in one that is none.
	 */
	int (*multiply)(void *context, const int *families, int n, struct zygote_gift *gift);
	/*
	 * Waits for a connection and puts it on fd 0 and 1, non-blocking; *peer is its other end,
	 * which the socket does not tell any more once the peer has reset it.  0, or -1 where there
	 * will be none.  *refused, where it sets it, is why the connection is closed at once.  It
	 * may have to do so behind the door.
	 */
	int (*take)(void *context, struct address *peer, const char **refused);
	void *context;
};

/*
 * The same in a process that was made in advance: everything that does not depend on the peer is
 * done first, the door included.  Where no connection comes nothing is logged, and the result is
 * EX_OK.
 */
int session_serve_next(const struct session_start *start);

#endif
