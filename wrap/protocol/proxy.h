#ifndef INETLS_PROXY_H
#define INETLS_PROXY_H

/*
 * The PROXY protocol of HAProxy (doc/proxy-protocol.txt), versions 1 and 2: a header before
 * everything else that says who the peer really is.  proxy_list.h says whose headers are accepted.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/address.h"

#define PROXY_MAX 536 /* version 2: 16 bytes, 12 to 216 of addresses, some extensions */
#define PROXY_OUT 107 /* the longest header that is written, and a NUL behind version 1 */

enum proxy_verdict {
	PROXY_OK,    /* *from is the peer */
	PROXY_LOCAL, /* the proxy's own connection, such as a health check: *from is unchanged */
	PROXY_BAD,   /* no header, or a malformed one */
	PROXY_TIMEOUT,
	PROXY_GONE,
	PROXY_STOPPED,
};

/* Reads the header from a non-blocking socket, and not one byte more. */
enum proxy_verdict proxy_read(int fd, int64_t deadline, struct address *from);

/* Writes a header of version 1 or 2 to out: its length. */
size_t proxy_write(unsigned char out[PROXY_OUT], int version, const struct address *from,
    const struct address *to);

#endif
