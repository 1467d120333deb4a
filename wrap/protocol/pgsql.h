#ifndef INETLS_PGSQL_H
#define INETLS_PGSQL_H

/*
 * What PostgreSQL says before TLS: eight bytes say what a client wants (PostgreSQL manual, "Message
 * Formats" and "SSL Session Encryption"), and every client gets an answer that it can show.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

#define PGSQL_ALPN "postgresql"
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

enum pgsql_verdict {
	PGSQL_HANDSHAKE, /* go on with TLS, over the bytes in packet */
	PGSQL_DIRECT,    /* the same, and ALPN is required */
	PGSQL_FORWARD,   /* a CancelRequest is in packet: the backend gets it, nobody is answered */
	PGSQL_BEGIN,   /* client mode: packet begins the StartupMessage, of which p->rest bytes are
	                  still to come */
	PGSQL_REFUSED, /* the peer was answered or is not worth it; pgsql.reason says why */
	PGSQL_STOPPED, /* a signal */
};

struct pgsql {
	unsigned char packet[PGSQL_CANCEL_MAX];
	size_t len;
	size_t rest;
	const char *reason;
};

/*
 * Reads what the peer wants from a non-blocking socket, exactly that and no byte more, and answers
 * it, until it is clear how to go on.
 */
enum pgsql_verdict pgsql_accept(struct pgsql *p, int fd, int64_t deadline);

/*
 * Client mode: what the local program wants, whose offers to encrypt are declined.  fd_in and
 * fd_out are non-blocking.  PGSQL_BEGIN, PGSQL_FORWARD, PGSQL_REFUSED or PGSQL_STOPPED.
 */
enum pgsql_verdict pgsql_accept_local(struct pgsql *p, int fd_in, int fd_out, int64_t deadline);

/*
 * Client mode: asks a server for TLS.  PGSQL_HANDSHAKE, PGSQL_REFUSED and p->reason where it has
 * none, or PGSQL_STOPPED.
 */
enum pgsql_verdict pgsql_request_tls(struct pgsql *p, int fd, int64_t deadline);

/*
 * Client mode: reads the rest of the StartupMessage and tells the local program why there is no
 * database.
 */
void pgsql_tell_local(struct pgsql *p, int fd_in, int fd_out, const char *reason, int64_t deadline);

enum pgsql_io { PGSQL_IO_DONE, PGSQL_IO_OVER, PGSQL_IO_STOPPED, PGSQL_IO_GONE };

/*
 * Reads until *have is n, or writes all n bytes, from or to a non-blocking descriptor by the
 * deadline.  PGSQL_IO_GONE: the end of file, or errno.
 */
enum pgsql_io pgsql_read_exactly(int fd, void *data, size_t n, size_t *have, int64_t deadline);
enum pgsql_io pgsql_write_all(int fd, const void *data, size_t n, int64_t deadline);

/*
 * An ErrorResponse of severity FATAL into out; hint and detail may be NULL.  Returns its length;
 * what does not fit size is cut, and the packet stays well formed.  size must be 64 or more.
 */
size_t pgsql_error(unsigned char *out, size_t size, const char *sqlstate, const char *message,
    const char *detail, const char *hint);

#endif
