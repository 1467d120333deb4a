#ifndef INETLS_PROXY_LIST_H
#define INETLS_PROXY_LIST_H

/*
 * The list of --proxy-in: a PROXY header is accepted only from these addresses, since anybody else
 * could claim any address.
 */

#include <stdbool.h>

#include "base/address.h"

/*
 * Whether an address is in a settled list of addresses and networks.  An IPv4 address mapped into
 * IPv6 counts as IPv4.  A link-local address without an interface matches on any interface.
 */
bool proxy_list_allows(const char *list, const struct address *proxy);

/*
 * Parses a list of comma-separated addresses and networks, and replaces interface names by numbers,
 * so that nothing must be looked up later.  The caller frees the result.  NULL if it is not such a
 * list.
 */
char *proxy_list_settle(const char *list);

#endif
