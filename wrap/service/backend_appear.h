#ifndef INETLS_BACKEND_APPEAR_H
#define INETLS_BACKEND_APPEAR_H

/* The address that the service sees, for -T. */

#include "service/backend.h"

/*
 * -T: the service is to see this peer, or with =try the address of -I where it cannot.  To be
 * called once, before a byte of the peer's TLS is read: what is bound cannot be bound again, so who
 * takes over a session has no choice of address.  Needs no privilege.  If the address is refused,
 * backend_connect says so.
 */
void backend_appear_as(struct backend *b, const struct options *o, const struct address *peer);

#endif
