#ifndef INETLS_PGSQL_H
#define INETLS_PGSQL_H

/*
 * What PostgreSQL says before TLS: eight bytes say what a client wants (PostgreSQL manual, "Message
 * Formats" and "SSL Session Encryption"), and every client gets an answer that it can show.
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
	PGSQL_CANCEL,  /* CancelRequest, *length bytes with these eight */
	PGSQL_STARTUP, /* StartupMessage without TLS, *length bytes with these eight */
};

/* What the first eight bytes are.  Pure. */
enum pgsql_request pgsql_classify(const unsigned char head[PGSQL_HEAD], size_t *length);

/* Numbers as PostgreSQL writes them, the high byte first. */
uint32_t pgsql_get_u32(const unsigned char *p);
void pgsql_put_u32(unsigned char *p, size_t n);

/* What protocol.h asks of a protocol. */
enum protocol_verdict pgsql_negotiate(struct protocol_talk *t, int fd, int64_t deadline);
enum protocol_verdict
pgsql_negotiate_local(struct protocol_talk *t, int fd_in, int fd_out, int64_t deadline);
enum protocol_verdict pgsql_ask_for_tls(struct protocol_talk *t, int fd, int64_t deadline);
void pgsql_tell_local(
    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline);

/*
 * An ErrorResponse of severity FATAL into out; hint and detail may be NULL.  Returns its length;
 * what does not fit size is cut, and the packet stays well formed.  size must be 64 or more.
 */
size_t pgsql_error(unsigned char *out, size_t size, const char *sqlstate, const char *message,
    const char *detail, const char *hint);

#endif
