#ifndef INETLS_TICKET_H
#define INETLS_TICKET_H

/*
 * Resumption across processes that share only a file: the server's master key for session tickets
 * (--tickets), and the client's last session (--session).  If the file cannot be used, that costs a
 * full handshake, never a session.
 */

#include <stddef.h>

#include "failure.h"

#define TICKET_CHAIN_MAX 16384 /* the largest chain that is kept with a session */

#define TICKET_KEY 64 /* the length of the master key from which GnuTLS derives its ticket keys */
/* How many seconds a ticket can be used; all processes must use the same number. */
#define TICKET_LIFE 21600
#define TICKET_MASTER_LIFE 86400 /* seconds after which the file is replaced */
#define TICKET_PATH_MAX 500      /* the longest path of that file */

/*
 * Reads the master key from the file and derives from it the key for one service and policy:
 * label.  Makes the file if it is missing, and replaces it after a day.  0, or -1 and *why, which
 * should be logged as a warning.
 */
int
ticket_key(const char *path, const char *label, unsigned char key[TICKET_KEY], struct failure *why);

struct ticket_session {
	int fd; /* open for reading and writing, or -1 */
	/* what identifies the policy that the session must have been made under */
	unsigned char policy[32];
	char *data; /* what GnuTLS resumes from, or NULL */
	size_t len;
	unsigned char *chain; /* the server's certificates, as chain_pack has them */
	size_t chain_len;
};

/*
 * Opens the client's file, and makes it if it is missing.  Takes the session in it if it was made
 * under the same policy, a text that says whom the client would trust.  0, or -1 and *why.
 */
int ticket_session_open(
    struct ticket_session *t, const char *path, const char *policy, struct failure *why);

/* Wipes the data to resume from; the certificates stay. */
void ticket_session_wipe(struct ticket_session *t);

/* Saves this connection's session for the next one, if it can. */
void ticket_session_save(const struct ticket_session *t, const void *chain, size_t chain_len,
    const void *data, size_t n);

#endif
