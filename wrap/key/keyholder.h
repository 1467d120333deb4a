#ifndef INETLS_KEYHOLDER_H
#define INETLS_KEYHOLDER_H

/*
 * The process that holds the private key.  It opens the PEM, sees neither the network nor the
 * service, and answers on each channel at most what one handshake needs: the chain, and one
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
	bool asked;   /* from then on it speaks only when it is asked */
	bool stopped; /* a signal asked us to end while it was waited for */
	bool ahead;   /* the chain was asked for and is not here yet */
	char *chain;  /* what keyholder_hear found, else NULL */
	ssize_t chain_len;
	struct signer *own; /* --no-keyholder: the key in this process after all, else NULL */
	struct failure why; /* of the last call that failed; code 0 where none has */
};

/*
 * Forks a keyholder for this process alone; it ends when the channel does, and is reaped by the
 * kernel.  As early as possible: what is not there yet is not copied.  user is whom the session
 * will become: the keyholder becomes somebody else.  0, or -1 and k->why; that the PEM cannot be
 * read is told later.
 */
int keyholder_start(
    struct keyholder *k, const char *pem_path, enum signable_role role, const struct confine *user);

/* --no-keyholder.  0, or -1 and k->why. */
int keyholder_none(struct keyholder *k, const char *pem_path, enum signable_role role);

/* A channel that a listener's keyholder serves. */
void keyholder_adopt(struct keyholder *k, int fd);

/*
 * Asks for the chain without waiting, for who will need it and has other things to do meanwhile.
 */
void keyholder_ask_ahead(struct keyholder *k);

/*
 * The chain as PEM, of SIGNER_CHAIN_MAX bytes with its NUL, and a signature as signer_sign says:
 * its length, or -1 and k->why.  They wait, for WAIT_MS of keyholder.c at most.
 */
ssize_t keyholder_chain(struct keyholder *k, char *out);
ssize_t keyholder_sign(struct keyholder *k, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n, void *out);

/*
 * What it says without being asked is always that it cannot serve.  The descriptor to watch for
 * that, or -1; and what to call once it is readable, which fills k->why, or keeps a chain that was
 * asked for ahead.
 */
int keyholder_watched(const struct keyholder *k);
void keyholder_hear(struct keyholder *k);

/* Ends the channel; after a handshake nothing is needed any more. */
void keyholder_close(struct keyholder *k);

/* ---- for a process with one for many sessions ---- */

struct keyholder_service {
	pid_t pid;
	int control; /* channels are handed over here, or -1 */
};

/* Forks it.  0, or -1 and *why. */
int keyholder_service_start(struct keyholder_service *s, const char *pem_path,
    enum signable_role role, const struct confine *user, struct failure *why);

/*
 * What it says first.  0: it serves, and in why->text is what the log should warn of, or "".  -1
 * and *why where it does not: the PEM cannot be read, key and certificate do not match, or it said
 * nothing until then.  1 where a signal came first: ask again, or leave.
 */
int keyholder_service_hear(struct keyholder_service *s, int64_t deadline, struct failure *why);

/* As much time as it may take to answer, from now: the moment when it is over. */
int64_t keyholder_deadline(void);

/*
 * Hands it the other ends of n channels, DESCRIPTORS_MAX at most.  0, or -1 and *why, where it is
 * gone.
 */
int keyholder_service_give(struct keyholder_service *s, const int *fds, int n, struct failure *why);

/* It ends when its last channel does. */
void keyholder_service_leave(struct keyholder_service *s);

/* Ends one that has never served, whatever it is waiting for. */
void keyholder_service_kill(struct keyholder_service *s);

#endif
