#ifndef INETLS_CHILDREN_H
#define INETLS_CHILDREN_H

/*
 * A listener's children.  Some wait for a connection; each of the others serves one.  The listener
 * has a socket to each child that waits.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "listener/keyholders.h"
#include "options/options.h"
#include "listener/port.h"
#include "confine/confine.h"

enum child_state {
	CHILD_WAITS,
	CHILD_LEAVES, /* the listener told it to */
	CHILD_SERVES,
	CHILD_REFUSES, /* it only writes the log line of a refused connection */
};

struct child {
	pid_t pid;
	int socket; /* the listener's end; -1 once the child has accepted or ended */
	enum child_state state;
	struct in6_addr source; /* the peer's: an IPv4 address, or an IPv6 /64 */
};

struct children {
	const struct options *o;
	const struct port *port;
	const struct confine *user;
	struct keyholders *keys;
	struct child *at; /* n of them, room for places */
	int places, n, waiting, leaving;
	int events;        /* for events_wait on their sockets */
	int64_t moved;     /* when a connection last came or ended */
	int64_t renew_at;  /* when those that wait are replaced */
	int64_t pause;     /* no fork before this moment, after one has failed */
	unsigned failures; /* failures to fork a waiting child; only the first was logged */
	int64_t failed;    /* when the last of these was */
};

/* 0, or -1 and *why. */
int children_open(struct children *c, struct failure *why);

/* Forks until --idle-children children wait, and replaces those that have waited too long. */
void children_keep(struct children *c);

/* When children_keep next has something to do. */
int64_t children_due(const struct children *c);

/*
 * Tells the waiting children to leave, because they have the old key, log or tickets.  A child that
 * accepts at this moment still serves.
 */
void children_retire(struct children *c);

/*
 * Waits until the deadline for a message of a child, and handles it.  Returns what
 * events_wait does.
 */
int children_hear(struct children *c, int64_t deadline);

/* Reaps the processes that have ended; does not wait. */
void children_reap(struct children *c);

/* How many children serve a connection. */
int children_serving(const struct children *c);

#endif
