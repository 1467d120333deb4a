#ifndef INETLS_BACKEND_H
#define INETLS_BACKEND_H

/*
 * The plain side.  Its sockets are created, and names are resolved, while the process is still
 * privileged.  They are connected only after the peer has completed the TLS handshake.
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
	const char *absent; /* the protocol's hint for the case that nothing listens, or NULL */
	/* what was connected, or tried first, as the log shows it; "-" before that */
	char name[ADDRESS_TEXT];
	char source[ADDRESS_TEXT];
	struct address from;  /* -T: what it must be connected from, or of length 0 */
	struct failure unfit; /* -T: why it must not be connected, or "" */
	const char *path;     /* of the Unix socket as given, or NULL */
	const char *real;     /* the same path; where that is a symbolic link, its target */
};

/* Initialises a backend with nothing open; backend_close may be called afterwards. */
void backend_init(struct backend *b);

/*
 * The privileged half: resolves names, creates the sockets, binds the source address.  0, or -1 and
 * *why.
 */
int backend_open(struct backend *b, const struct options *o, struct failure *why);

/* Whether it has a socket of that address family that is not connected yet. */
bool backend_has_family(const struct backend *b, int family);

/*
 * Copies to dir the directory that must become the root so that the socket can still be reached; ""
 * where any root will do.
 */
void backend_root(const struct backend *b, char *dir, size_t size);

/* To be called once that directory is the root. */
void backend_entered_root(struct backend *b);

/*
 * Connects: tries each address in turn.  0, or -1 and *why: EX_UNAVAILABLE, or with EX_OK it is the
 * peer's address that was refused.
 */
int backend_connect(struct backend *b, int64_t deadline, struct failure *why);

/*
 * Ends the connection so that the service cannot mistake cut input for complete: waits, until the
 * deadline at most, for sent data to arrive, then resets.  A Unix socket has no reset and is only
 * closed.
 */
void backend_abort(struct backend *b, int64_t deadline);

/* Ends the connection normally, and closes the sockets that are not connected. */
void backend_close(struct backend *b);

#endif
