#ifndef INETLS_TICKET_H
#define INETLS_TICKET_H

/*
 * Resumption across processes that share nothing but a file: the server's master key for session
 * tickets
 * (--tickets), and the client's last session (--session).  A file that cannot be used costs a full
 * handshake, never a session.
 */

#include <stddef.h>

#include "failure.h"

#define TICKET_CHAIN_MAX 16384 /* of a session that is kept */

#define TICKET_KEY 64 /* what GnuTLS takes as the master of its ticket keys */
/* seconds that a ticket can be used; every process must say the same */
#define TICKET_LIFE 21600
#define TICKET_MASTER_LIFE 86400 /* seconds after which the file is replaced */

/*
 * Reads the master from the file, makes it where it is missing and replaces it after a day, and
 * derives from it the key of one service and policy: label.  0, or -1 and *why, which is worth a
 * warning.
 */
int
ticket_key(const char *path, const char *label, unsigned char key[TICKET_KEY], struct failure *why);

struct ticket_session {
	int fd;                   /* open for reading and writing, or -1 */
	unsigned char policy[32]; /* what the session must have been made under */
	char *data;               /* what GnuTLS resumes from, or NULL */
	size_t len;
	unsigned char *chain; /* the server's certificates, as chain_pack has them */
	size_t chain_len;
};

/*
 * Opens the client's file and makes it where it is missing; takes the session in it if it was made
 * under the same policy, a text that says whom the client would trust.  0, or -1 and *why.
 */
int ticket_session_open(
    struct ticket_session *t, const char *path, const char *policy, struct failure *why);

/* Wipes what the next session could be resumed from; the certificates stay. */
void ticket_session_wipe(struct ticket_session *t);

/* Writes the session of this connection for the next one.  Best effort. */
void ticket_session_save(const struct ticket_session *t, const void *chain, size_t chain_len,
    const void *data, size_t n);

#endif
