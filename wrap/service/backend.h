#ifndef INETLS_BACKEND_H
#define INETLS_BACKEND_H

/*
 * The plain side.  Its sockets are created, and names resolved, while the process is still
 * privileged; they are connected only after the peer has shown that it speaks TLS.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "failure.h"
#include "options/options.h"

struct backend {
	struct address_list addresses;
	int sockets[ADDRESS_MAX]; /* one for each address, or -1 */
	int fd;                   /* the connected one, or -1 */
	bool tcp;
	const char *absent; /* the protocol's hint where nothing listens, or NULL */
	/* what was connected or tried first, as the log shows it; "-" before */
	char name[ADDRESS_TEXT];
	char source[ADDRESS_TEXT];
	const char *path; /* of the Unix socket, or NULL */
	const char *real; /* the same, where that is a symbolic link what it leads to */
};

/* A backend that nothing was opened for: backend_close may be called. */
void backend_init(struct backend *b);

/* The privileged half: resolve, create, bind the source.  0, or -1 and *why. */
int backend_open(struct backend *b, const struct options *o, struct failure *why);

/*
 * The same socket once more, for a process that may make none: fd, or -1 and *why.  family is that
 * of an address that has one.
 */
int backend_another(const struct options *o, int family, struct failure *why);

/*
 * The directory that must be the root afterwards so that the socket can still be reached, copied to
 * dir;
 * "" where any root serves.
 */
void backend_root(const struct backend *b, char *dir, size_t size);

/* Called once that directory is the root. */
void backend_entered_root(struct backend *b);

/* Connects, each address in turn.  0, or -1 and *why (EX_UNAVAILABLE). */
int backend_connect(struct backend *b, int64_t deadline, struct failure *why);

/*
 * Ends the connection so that the service cannot take what it has for the whole: waits, until the
 * deadline at most, for what was sent to arrive, then resets.  A Unix socket has no reset and is
 * only closed.
 */
void backend_abort(struct backend *b, int64_t deadline);

void backend_close(struct backend *b);

#endif
