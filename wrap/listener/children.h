#ifndef INETLS_CHILDREN_H
#define INETLS_CHILDREN_H

/*
 * A listener's children.  Some wait for a connection, each of the others serves one.  The listener
 * has a socket to each: its end tells that the child has ended.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "failure.h"
#include "listener/keyholders.h"
#include "options/options.h"
#include "listener/port.h"
#include "confine/confine.h"

enum child_state {
	CHILD_NONE,
	CHILD_WAITS,
	CHILD_LEAVES, /* it was told to */
	CHILD_SERVES,
	CHILD_REFUSES, /* it only logs that it has refused a connection */
};

struct child {
	enum child_state state;
	struct in6_addr source; /* of its peer: an IPv4 address, or an IPv6 /64 */
};

struct children {
	const struct options *o;
	const struct port *port;
	const struct confine *user;
	struct keyholders *keys;
	struct child *at; /* by our end of the socket to each */
	int places, n, waiting, leaving;
	int events;          /* an epoll of those sockets */
	struct rlimit files; /* as it was; each child is a descriptor here */
	int64_t moved;       /* when a connection last came or ended */
	int64_t renew_at;    /* when those that wait are replaced */
	int64_t pause;       /* no fork before this moment, after one has failed */
	unsigned failures;   /* to have a child that waits, of which the first was logged */
	int64_t failed;      /* when the last of them was */
};

/* 0, or -1 and *why. */
int children_open(struct children *c, struct failure *why);

/* Forks until --idle-children wait, and replaces those that have waited for long. */
void children_keep(struct children *c);

/* When children_keep has something to do next. */
int64_t children_due(const struct children *c);

/*
 * Tells those that wait to leave: they have the old key, log or tickets.  One that accepts in this
 * moment still serves.
 */
void children_retire(struct children *c);

/* Waits for what a child says, until the deadline: as deadline_wait_event. */
int children_hear(struct children *c, int64_t deadline);

/* Waits for no one, but for the processes that have ended. */
void children_reap(struct children *c);

/* How many serve a connection. */
int children_serving(const struct children *c);

#endif
