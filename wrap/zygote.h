#ifndef INETLS_ZYGOTE_H
#define INETLS_ZYGOTE_H

/*
 * A child of the listener that has done all that comes before a connection, the door included, and
 * makes children that wait for one by fork alone: they have the door behind them from the start.
 * It has read files as they were when it was born, so that it is not kept for long.  What each of
 * its children has for itself it cannot make behind the door, and is given.
 */

#include <stdbool.h>
#include <stdint.h>

#include "address.h"
#include "failure.h"
#include "options.h"

/* How long one is used once it is ready: what was renewed is seen by then. */
#define ZYGOTE_MS 1000

/* What a session that a zygote has made has for itself. */
struct zygote_gift {
	int control; /* the socket to the listener */
	int channel; /* to the keyholder, or -1 */
	int n;
	int sockets[ADDRESS_MAX]; /* of the backend */
};

/* ---- the listener's side ---- */

struct zygote {
	int control; /* the socket between us, or -1 where there is none */
	bool ready;
	/* once it is: when it must leave, and of what kinds the backend's sockets are */
	int64_t end;
	int n, families[ADDRESS_MAX];
};

/* It has said something, which is that it is ready.  0, or -1 where it has left. */
int zygote_hear(struct zygote *z);

/* Has it make a child with the other ends of these.  0, or -1 and *why. */
int zygote_ask(
    const struct zygote *z, const struct options *o, int control, int channel, struct failure *why);

/*
 * It leaves once it has made what it was asked for, and its end of the socket ends with it; its
 * children stay.  Returns our end, which is the caller's then, or -1 where there was none.
 */
int zygote_leave(struct zygote *z);

/* ---- its own ---- */

/*
 * Says that it is ready for children with such sockets, and makes them.  Returns 0 in each child,
 * with *g its own, and -1 in the zygote, when no more are wanted.
 */
int zygote_multiply(int control, const int *families, int n, struct zygote_gift *g);

#endif
