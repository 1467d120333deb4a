#ifndef INETLS_PROXY_H
#define INETLS_PROXY_H

/*
 * The PROXY protocol of HAProxy (doc/proxy-protocol.txt), versions 1 and 2: who the peer really is,
 * in front of everything else.  In only from the addresses that --proxy-in names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#define PROXY_MAX 536 /* version 2: 16 bytes, 12 to 216 of addresses, some extensions */
#define PROXY_OUT 107 /* the longest header that is written */

enum proxy_verdict {
	PROXY_OK,    /* *from is the peer */
	PROXY_LOCAL, /* the proxy speaks for itself, as in a health check: *from is untouched
	              */
	PROXY_BAD,   /* no header, or none that is well formed */
	PROXY_TIMEOUT,
	PROXY_GONE,
	PROXY_STOPPED,
};

/*
 * Whether an address is, or is in, one of the addresses and networks of a settled list, IPv4 mapped
 * into IPv6 counting as IPv4.  A link-local one without its interface is meant on any.
 */
bool proxy_allows(const char *list, const struct address *proxy);

/*
 * A list of comma-separated addresses and networks with interfaces by their numbers, so that nobody
 * is asked later: to be freed, or NULL where it is no such list.
 */
char *proxy_settle(const char *list);

/* Reads the header from a non-blocking socket, and not one byte more. */
enum proxy_verdict proxy_read(int fd, int64_t deadline, struct address *from);

/* Writes a header of version 1 or 2 into out: its length. */
size_t proxy_write(unsigned char out[PROXY_OUT], int version, const struct address *from,
    const struct address *to);

#endif
