#ifndef INETLS_CLEAR_H
#define INETLS_CLEAR_H

/*
 * Reads and writes bytes in clear on a non-blocking descriptor, by a deadline: exactly so many and
 * not one more, since what follows belongs to TLS or to the service.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/protocol.h"

enum clear_io {
	CLEAR_DONE,
	CLEAR_OVER,    /* the deadline has passed */
	CLEAR_STOPPED, /* a signal asks us to end */
	CLEAR_GONE,    /* end of file, or errno says why */
};

/* Reads n bytes.  *have is how many came, even on failure; have may be NULL. */
enum clear_io clear_read_exactly(int fd, void *data, size_t n, size_t *have, int64_t deadline);

/*
 * Waits for bytes on a socket, and looks at n of them at most, which stay unread.  *have is how
 * many these are.
 */
enum clear_io clear_peek(int fd, void *data, size_t n, size_t *have, int64_t deadline);

/* Writes all n bytes. */
enum clear_io clear_write_all(int fd, const void *data, size_t n, int64_t deadline);

/*
 * Whether bytes are here already although the other end waits for our answer to its request for
 * TLS, or must wait for our handshake: then somebody else has inserted them.  fd is a socket.
 */
bool clear_is_stuffed(int fd);

/* The reasons to refuse it then, as a server and as a client. */
#define CLEAR_STUFFED_REQUEST "more bytes came with the request; somebody may have inserted them"
#define CLEAR_STUFFED_ANSWER \
	"more bytes came with the server's answer; somebody may have inserted them"

/* Notes the reason: always PROTOCOL_REFUSED. */
enum protocol_verdict clear_refuse(struct protocol_talk *t, const char *reason);

/* How a session goes on after such a read or write at the local program's end. */
enum protocol_passed clear_passed(enum clear_io how);

#endif
