#ifndef INETLS_RELAY_H
#define INETLS_RELAY_H

/*
 * Moves the bytes.  Peer is the TLS side, plain the other; a flow is one direction, "in" from peer
 * to plain, "out" from plain to peer.  Each flow ends by itself: close_notify becomes FIN, FIN
 * becomes close_notify.  A cut (RFC 8446, 6.1) is not an end: it is reported, so that the caller
 * can pass it on as a cut.
 */

#include <stdbool.h>
#include <stdint.h>

#include "session/relay_result.h"

struct protocol;
struct protocol_heard;
struct tls;

struct relay_setup {
	struct tls *peer;
	int peer_in, peer_out;   /* the peer's descriptors, to poll */
	int plain_in, plain_out; /* non-blocking; may be the same */
	int64_t idle_ms, close_ms;
	int64_t until; /* when to end the session even if bytes move; 0: never */
	/* the plain side is a service, so it matters that it has closed both ways */
	bool plain_closes;
	/* reads along what the peer says first; or NULL */
	const struct protocol *protocol;
	struct protocol_heard *heard;
};

/*
 * Runs until both flows have ended or one was cut; what was read before a cut is still delivered.
 * That may take close_ms, counted again from each byte that moves, but after a signal only once.
 * Closes no descriptor.
 */
void relay_run(const struct relay_setup *setup, struct relay_result *result);

#endif
