#ifndef INETLS_PGSQL_H
#define INETLS_PGSQL_H

/*
 * What PostgreSQL says before TLS.  Eight bytes say what a client wants (PostgreSQL manual,
 * "Message Formats" and "SSL Session Encryption"), and every client gets an answer that it can
 * show.
 */

#include <stddef.h>
#include <stdint.h>

#include "protocol/protocol.h"

#define PGSQL_HEAD 8
#define PGSQL_CANCEL_MAX 268    /* a key of 256 bytes, protocol 3.2 */
#define PGSQL_STARTUP_MAX 10000 /* PostgreSQL's own limit */

enum pgsql_request {
	PGSQL_UNKNOWN,
	PGSQL_TLS,     /* a ClientHello: "direct SSL" of PostgreSQL 17 */
	PGSQL_SSL,     /* SSLRequest */
	PGSQL_GSSENC,  /* GSSENCRequest */
	PGSQL_CANCEL,  /* CancelRequest, *length bytes including these eight */
	PGSQL_STARTUP, /* StartupMessage without TLS, *length bytes including these eight */
};

/* What the first eight bytes ask for.  Pure. */
enum pgsql_request pgsql_classify(const unsigned char head[PGSQL_HEAD], size_t *length);

/* A number in PostgreSQL's format, high byte first. */
uint32_t pgsql_get_u32(const unsigned char *p);
void pgsql_put_u32(unsigned char *p, size_t n);

/* For the table of protocols; protocol.h says what they do. */
enum protocol_verdict pgsql_negotiate(struct protocol_talk *t, int fd, int64_t deadline);
enum protocol_verdict
pgsql_negotiate_local(struct protocol_talk *t, int fd_in, int fd_out, int64_t deadline);
enum protocol_verdict pgsql_ask_for_tls(struct protocol_talk *t, int fd, int64_t deadline);

/*
 * Writes an ErrorResponse of severity FATAL to out; hint and detail may be NULL.  Returns its
 * length.  A text that does not fit is cut, but the packet stays well formed.  size must be 64 or
 * more.
 */
size_t pgsql_error(unsigned char *out, size_t size, const char *sqlstate, const char *message,
    const char *detail, const char *hint);

#endif
