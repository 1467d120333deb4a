#ifndef INETLS_RELAY_STATE_H
#define INETLS_RELAY_STATE_H

/*
 * A relay from the inside, for relay.c and the files whose names begin with relay_.  Nobody else
 * includes this.
 */

#include <stdbool.h>
#include <stddef.h>

#include "session/relay_result.h"

#define RELAY_RECORD (16 * 1024) /* the most that a TLS record carries */
#define RELAY_BUFFER (4 * RELAY_RECORD)

struct flow {
	size_t at, end;
	bool ended;  /* the source has said that there is no more */
	bool passed; /* and the sink has been told */
	unsigned char *data;
};

struct relay {
	const struct relay_setup *setup;
	struct relay_result *result;
	struct flow in, out;
	bool readable_peer, readable_plain; /* not known to be empty */
	bool writable_peer, writable_plain; /* not known to be full */
	/* tls_read is to be tried again once the peer can be written */
	bool read_wants_write;
	bool in_after_out; /* the peer has said something after the plain side's end */
	/* the plain side takes no more: what it sends still counts */
	bool plain_deaf;
	bool over;      /* --max-session */
	bool stopping;  /* read no more, deliver what is here */
	bool resting;   /* the memory of empty buffers was given back */
	unsigned turns; /* of the loop, to look for a signal now and then */
};

bool relay_flow_is_empty(const struct flow *f);

/*
 * Tries the four steps: peer to buffer, buffer to plain, and back.  Whether any of them moved
 * something.
 */
bool relay_step_all(struct relay *r);

/*
 * Sends what TLS has gathered.  Whether nothing is left that could still go: after a failure
 * nothing can.
 */
bool relay_flush(struct relay *r);

/* Who ended first, unless somebody had. */
void relay_ended_first(struct relay *r, enum relay_end who);

/*
 * The first failure is the one that counts; from here on what was read is delivered and nothing
 * else read.  True.
 */
bool relay_fail(struct relay *r, enum relay_outcome outcome, enum relay_end who, const char *what,
    const char *why);

/* By a signal.  True. */
bool relay_stop(struct relay *r);

/* By --max-session, and whether it is over. */
bool relay_stop_if_over(struct relay *r);

#endif
