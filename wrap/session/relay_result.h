#ifndef INETLS_RELAY_RESULT_H
#define INETLS_RELAY_RESULT_H

/* How a relay has ended, and what it has moved. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum relay_outcome {
	RELAY_DONE,         /* both flows ended, and every byte was delivered */
	RELAY_PEER_CUT,     /* the peer is gone without close_notify */
	RELAY_PEER_BARE,    /* the same, but the plain side had closed and nothing was lost */
	RELAY_PEER_LEFT,    /* the peer sent close_notify, but left before it had read everything */
	RELAY_PEER_FAILED,  /* the peer broke the protocol */
	RELAY_PLAIN_RESET,  /* the plain side is gone without a clean end */
	RELAY_PLAIN_CLOSED, /* the plain side ended cleanly but left bytes of the peer unread */
	RELAY_IDLE,         /* --idle-timeout, --close-timeout or --max-session has passed */
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

struct relay_result {
	enum relay_outcome outcome;
	enum relay_end first; /* which side ended first */
	uint64_t in, out;     /* bytes delivered to the plain side, to TLS */
	int64_t leave_by;     /* the deadline of a session that a signal has ended, or 0 */
	char reason[200];     /* in words, "" for RELAY_DONE */
};

/* Whether nothing was lost: result=ok. */
bool relay_is_ok(const struct relay_result *result);

#endif
