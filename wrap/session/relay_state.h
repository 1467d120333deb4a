#ifndef INETLS_RELAY_STATE_H
#define INETLS_RELAY_STATE_H

/*
 * A relay's inside, for relay.c and the files whose names begin with relay_.  No other file
 * includes this.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "session/relay_result.h"

#define RELAY_RECORD (16 * 1024) /* the most that a TLS record carries */
#define RELAY_BUFFER (4 * RELAY_RECORD)

struct flow {
	size_t at, end;
	bool ended;  /* the source has ended */
	bool passed; /* and the sink was told */
	unsigned char *data;
};

struct relay {
	const struct relay_setup *setup;
	struct relay_result *result;
	struct flow in, out;
	bool readable_peer, readable_plain; /* not known to be empty */
	bool writable_peer, writable_plain; /* not known to be full */
	const struct flow *last_read;       /* the flow that was read last */
	uint64_t streamed;                  /* bytes of it since the other one was read */
	int gathering; /* the descriptor that counts as readable only with GATHER bytes, or -1 */
	/* try tls_read again once the peer is writable */
	bool read_wants_write;
	bool in_after_out; /* the peer has sent something after the plain side's end */
	/* the plain side accepts no more, but what it sends still counts */
	bool plain_deaf;
	bool hears;     /* setup->protocol wants to hear more */
	bool over;      /* --max-session */
	bool stopping;  /* read no more, but deliver what was read */
	bool resting;   /* the memory of empty buffers was given back */
	unsigned turns; /* turns of the loop since it last looked for a signal */
};

bool relay_flow_is_empty(const struct flow *f);

/*
 * Tries the four steps: peer to buffer, buffer to plain, and back.  Returns whether any has moved
 * anything.
 */
bool relay_step_all(struct relay *r);

/*
 * Sends what TLS has gathered.  Returns whether nothing is left that could still be sent; after a
 * failure nothing can.
 */
bool relay_flush(struct relay *r);

/* Records which side ended first, unless one is recorded already. */
void relay_ended_first(struct relay *r, enum relay_end who);

/*
 * Records the first failure, which is the one that counts.  From here on nothing more is read, but
 * what was read is delivered.  Returns true.
 */
bool relay_fail(struct relay *r, enum relay_outcome outcome, enum relay_end who, const char *what,
    const char *why);

/* Ends the relay because of a signal.  Returns true. */
bool relay_stop(struct relay *r);

/* Ends the relay if --max-session has passed; returns whether it has. */
bool relay_stop_if_over(struct relay *r);

#endif
