#ifndef INETLS_TRANSPARENT_H
#define INETLS_TRANSPARENT_H

/*
 * -T: the service sees the peer's address.  Each function is about one socket that is to be
 * connected to the service.
 *
 * PostgreSQL may let in who comes from a certain address, so a session must have the address that
 * it should have, or end.
 */

#include <stdbool.h>

#include "base/address.h"
#include "failure.h"

/*
 * The privileged half, before the process is confined: lets the socket be bound to an address of
 * another machine.  0, or -1 and *why (EX_CONFIG).
 */
int transparent_prepare(int fd, int family, struct failure *why);

/* Whether that would succeed: 0, or -1 and *why. */
int transparent_try(struct failure *why);

/* Why the service cannot or must not see this peer's address, or NULL.  The text names no address.
 */
const char *transparent_refuses(const struct address *peer);

/*
 * Binds a prepared socket to the address, and to its port if that can be had, else to any other.
 * Needs no privilege.  0, or -1 with errno.
 */
int transparent_bind(int fd, const struct address *from);

/* Whether a connected socket has this IP address at our end. */
bool transparent_holds(int fd, const struct address *from);

#endif
