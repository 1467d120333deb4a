#ifndef INETLS_ADDRESS_KIND_H
#define INETLS_ADDRESS_KIND_H

/* What kind of address it is.  An IPv4 address mapped into IPv6 counts as IPv4. */

#include <netinet/in.h>
#include <stdbool.h>

#include "base/address.h"

/* Copies an address; one that is mapped into IPv6 becomes IPv4. */
void address_unmap(const struct address *a, struct address *out);

/* The IP address as IPv6, so that both families can be compared; an IPv4 one is mapped. */
void address_map(const struct address *a, struct in6_addr *out);

/* Whether it is in 127.0.0.0/8, or ::1. */
bool address_is_loopback(const struct address *a);

/* Whether it is 127.0.0.1 or ::1, which programs of this machine have by default. */
bool address_is_localhost(const struct address *a);

/*
 * Whether one host can have it: an IP address, and not multicast, broadcast, unspecified or
 * reserved (RFC 6890).  The broadcast address of a network cannot be told from others.
 */
bool address_is_of_host(const struct address *a);

/* Whether both have the same IP address, whatever their ports. */
bool address_same_ip(const struct address *a, const struct address *b);

#endif
