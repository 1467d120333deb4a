#ifndef INETLS_RELAY_H
#define INETLS_RELAY_H

/*
 * Moves the bytes.  Peer is the TLS side, plain the other; a flow is one direction, "in" from peer
 * to plain, "out" from plain to peer.  Each flow ends by itself: close_notify becomes FIN, FIN
 * becomes close_notify. What is not an end but a cut (RFC 8446, 6.1) is reported, so that the
 * caller can pass it on as one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "session/relay_result.h"

struct tls;

struct relay_setup {
	struct tls *peer;
	int peer_in, peer_out;   /* its descriptors, to poll */
	int plain_in, plain_out; /* non-blocking; may be the same */
	int64_t idle_ms, close_ms;
	int64_t until;     /* when the session is over, whatever moves; 0: never */
	bool plain_closes; /* the plain side is a service: that it has closed both ways counts */
};

/*
 * Runs until both flows have ended or one was cut; then what was read before is still delivered,
 * within close_ms: of each byte, or, where a signal asks for the end, of that.  Closes nothing.
 */
void relay_run(const struct relay_setup *setup, struct relay_result *result);

#endif
