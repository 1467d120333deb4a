#ifndef INETLS_KEYHOLDER_H
#define INETLS_KEYHOLDER_H

/*
 * The process that holds the private key.  It opens the PEM and sees neither the network nor the
 * service.  On each channel it answers at most what one handshake needs: the chain, and one
 * signature.  The session has the other end of one channel, and never the key.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "key/signer.h"

struct confine;

/* A session's end. */
struct keyholder {
	int fd;       /* the channel, or -1 */
	bool asked;   /* a request was sent: from now on it speaks only when asked */
	bool stopped; /* a signal asked us to end during the wait */
	bool ahead;   /* the chain was asked for and has not arrived yet */
	char *chain;  /* the chain that keyholder_hear received, else NULL */
	ssize_t chain_len;
	const char *path;   /* of the key, for a message; NULL if it is not known */
	int64_t deadline;   /* no wait is longer; DEADLINE_NEVER until a handshake begins */
	struct signer *own; /* --no-keyholder: the key is in this process, else NULL */
	struct failure why; /* of the last call that failed; code 0 if none has */
};

/*
 * Forks a keyholder for this process alone.  It ends when the channel ends, and the kernel reaps
 * it.  Call this as early as possible: the smaller the process, the cheaper the fork.  user is the
 * user that the session will become; the keyholder becomes a different one.  0, or -1 and k->why.
 * An unreadable PEM is reported later.  With ahead it sends the chain unasked, as after
 * keyholder_ask_ahead.
 */
int keyholder_start(struct keyholder *k, const char *pem_path, enum signable_role role,
    const struct confine *user, bool ahead);

/* --no-keyholder.  0, or -1 and k->why. */
int keyholder_none(struct keyholder *k, const char *pem_path, enum signable_role role);

/* Uses a channel that a listener's keyholder serves. */
void keyholder_adopt(struct keyholder *k, int fd);

/* Asks for the chain without waiting, so that it arrives while the caller does something else. */
void keyholder_ask_ahead(struct keyholder *k);

/*
 * Both wait for the answer, for KEYHOLDER_WAIT_MS at most, and return its length, or -1 and
 * k->why.  keyholder_chain: the chain as PEM; out has SIGNER_CHAIN_MAX bytes, a NUL included.
 * keyholder_sign: a signature, as signer_sign describes it.
 */
ssize_t keyholder_chain(struct keyholder *k, char *out);
ssize_t keyholder_sign(struct keyholder *k, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n, void *out);

/*
 * Before the first request, a message is the chain that was asked for ahead, or says that the
 * keyholder cannot serve.  keyholder_watched: the descriptor to watch for that, or -1.
 * keyholder_hear: call it once that is readable; it keeps the chain, or fills k->why.
 */
int keyholder_watched(const struct keyholder *k);
void keyholder_hear(struct keyholder *k);

/* Closes the channel; after the handshake it is no longer needed. */
void keyholder_close(struct keyholder *k);

/* ---- for keyholder_service.c too ---- */

/* A signature takes milliseconds; a PEM on a dead network file system never arrives. */
#define KEYHOLDER_WAIT_MS 10000
#define KEYHOLDER_GONE "the process that holds the key is gone"
#define KEYHOLDER_SILENT "the process that holds the key does not answer"

/*
 * Reads one message (keyholder_serve.h): its kind, and the rest in out, of *n bytes, with its
 * length in *n; or -1 if the keyholder is gone.
 */
int keyholder_receive(int fd, void *out, size_t *n);

#endif
