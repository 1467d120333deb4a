#ifndef INETLS_RELAY_H
#define INETLS_RELAY_H

/*
 * Moves the bytes.  Peer is the TLS side, plain the other; a flow is one direction, "in" from peer
 * to plain, "out" from plain to peer.  Each flow ends by itself: close_notify becomes FIN, FIN
 * becomes close_notify. What is not an end but a cut (RFC 8446, 6.1) is reported, so that the
 * caller can pass it on as one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

enum relay_outcome {
	RELAY_DONE,         /* both flows ended, and every byte was delivered */
	RELAY_PEER_CUT,     /* the peer is gone without close_notify */
	RELAY_PEER_BARE,    /* so too, but the plain side had closed and nothing was lost */
	RELAY_PEER_LEFT,    /* the peer said close_notify, but left before it had read everything */
	RELAY_PEER_FAILED,  /* the peer broke the protocol */
	RELAY_PLAIN_RESET,  /* the plain side is gone without a clean end */
	RELAY_PLAIN_CLOSED, /* the plain side ended cleanly but left bytes of the peer unread */
	RELAY_IDLE,         /* --idle-timeout, --close-timeout or --max-session is over */
	RELAY_STOPPED,      /* a signal */
	RELAY_BROKEN,       /* poll failed */
};

enum relay_end {
	RELAY_END_NONE,
	RELAY_END_PEER,
	RELAY_END_PLAIN,
	RELAY_END_TIMEOUT,
	RELAY_END_SIGNAL
};

struct relay_setup {
	struct tls *peer;
	int peer_in, peer_out;   /* its descriptors, to poll */
	int plain_in, plain_out; /* non-blocking; may be the same */
	int64_t idle_ms, close_ms;
	int64_t until;     /* when the session is over, whatever moves; 0: never */
	bool plain_closes; /* the plain side is a service: that it has closed both ways counts */
};

struct relay_result {
	enum relay_outcome outcome;
	enum relay_end first;   /* who ended first */
	uint64_t in, out;       /* bytes delivered to the plain side, to TLS */
	unsigned char begin[8]; /* what the peer has said first, and how much of it there is */
	size_t begun;
	int64_t leave_by; /* of a session that a signal has ended; or 0 */
	char reason[200]; /* in words, "" for RELAY_DONE */
};

/*
 * Runs until both flows have ended or one was cut; then what was read before is still delivered,
 * within close_ms: of each byte, or, where a signal asks for the end, of that.  Closes nothing.
 */
void relay_run(const struct relay_setup *setup, struct relay_result *result);

#endif
