#ifndef INETLS_PORT_H
#define INETLS_PORT_H

/*
 * The listening sockets of -d: one for each address, so that IPv4 peers always have an IPv4
 * address.
 */

#include <stdbool.h>

#include "base/address.h"
#include "failure.h"

struct port {
	int fds[ADDRESS_MAX]; /* listening, non-blocking */
	int n;
};

/*
 * Binds and listens.  Without a host it listens on every address; with local only on this machine's
 * loopback, since the plain-text port of a client must not be open to others by default.  Port 0 is
 * a number that the kernel picks, the same on each address.  0, or -1 and *why; port_close closes
 * what was opened until then.
 */
int port_open(struct port *p, const struct endpoint *where, bool local, struct failure *why);

void port_close(struct port *p);

#endif
