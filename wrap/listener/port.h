#ifndef INETLS_PORT_H
#define INETLS_PORT_H

/* The sockets of -d: one for each address, so that an IPv4 peer has an IPv4 address everywhere. */

#include <stdbool.h>

#include "base/address.h"
#include "failure.h"

struct port {
	int fds[ADDRESS_MAX]; /* listening, non-blocking */
	int n;
};

/*
 * Binds and listens.  Without a host, on every address, or with local on this machine's loopback
 * alone: the plain-text port of a client is opened to others only where that is written.  Port 0 is
 * whatever the kernel gives, the same on each address.  0, or -1 and *why; what was opened by then
 * is closed with port_close.
 */
int port_open(struct port *p, const struct endpoint *where, bool local, struct failure *why);

void port_close(struct port *p);

#endif
