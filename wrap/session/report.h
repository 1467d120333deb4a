#ifndef INETLS_REPORT_H
#define INETLS_REPORT_H

/* The one line of a connection: key=value, success or failure, in an order that never changes. */

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "tls/tls.h"
#include "tls/trust.h"

struct report {
	int level;          /* LEVEL_* of log.h */
	const char *result; /* one word: inetls-wrap(8), DIAGNOSTICS, lists them */
	const char *reason; /* in words, "" where all is well; may hold the peer's */
	const char *peer, *backend, *source;
	const struct tls *tls; /* NULL where no handshake was completed */
	/* a client's certificate, be it refused, or NULL where none is asked for */
	const struct trust_peer *client;
	const char *end; /* who ended first, or NULL */
	bool truncated;  /* the peer was cut off */
	uint64_t in, out;
	int64_t handshake_ms, total_ms;
};

void report_write(const struct report *r);

/*
 * The line of a session that a signal handler may have to end, kept in the log for that; total_ms
 * is the handler's number, and r's says when this will probably be.
 */
void report_keep(const struct report *r, enum log_kept which);

#endif
