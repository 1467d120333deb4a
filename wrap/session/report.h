#ifndef INETLS_REPORT_H
#define INETLS_REPORT_H

/*
 * The one log line of a connection, for success and failure: key=value, in an order that never
 * changes.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "protocol/protocol.h"
#include "tls/tls.h"
#include "tls/trust.h"

struct report {
	int level;          /* LEVEL_* of log.h */
	const char *result; /* one of the words that DIAGNOSTICS in inetls-wrap(8) lists */
	const char *reason; /* in words, "" if all is well; may hold the peer's words */
	const char *peer, *backend, *source;
	const struct tls *tls; /* NULL if no handshake was completed */
	/* a client's certificate, even if refused; NULL if none was asked for */
	const struct trust_peer *client;
	const struct protocol_heard *heard; /* what the client said of itself, or NULL */
	const char *end;                    /* which side ended first, or NULL */
	bool truncated;                     /* the peer was cut off */
	uint64_t in, out;
	int64_t handshake_ms, total_ms;
};

void report_write(const struct report *r);

/*
 * Prepares the line that a signal handler writes if it must end the session.  The handler fills in
 * total_ms; r->total_ms says when that will probably be.
 */
void report_keep(const struct report *r, enum log_kept which);

#endif
