#ifndef INETLS_KNOWN_HOSTS_H
#define INETLS_KNOWN_HOSTS_H

/*
 * The pins of hosts that were seen: one line for each, "host:port sha256//...", editable by hand.
 * Several lines of one host are alternatives.  '#' begins a comment.
 */

#include <stddef.h>

#include "failure.h"

struct known_hosts {
	int fd; /* open for reading, and for appending where that is allowed */
	char path[512];
	char host[300]; /* "host:port", as its line begins */
};

enum { KNOWN_HOSTS_NEW, KNOWN_HOSTS_MATCH, KNOWN_HOSTS_OTHER };

/*
 * Opens the file, and makes it where it is missing: path, or NULL for
 * ~/.local/state/inetls/known_hosts
 * (/var/lib/inetls/known_hosts for root).  0, or -1 and *why.
 */
int known_hosts_open(struct known_hosts *k, const char *path, const char *host, const char *port,
    struct failure *why);

/*
 * What the file says of this host's pin.  For KNOWN_HOSTS_OTHER the pin that it has and the number
 * of its line; -1 where the file cannot be read.
 */
int known_hosts_look_up(
    const struct known_hosts *k, const char *pin, char *other, size_t size, int *line);

/*
 * Appends the host, unless another process has meanwhile: locked, read again, one write.
 * KNOWN_HOSTS_NEW where it was written, else as above.
 */
int
known_hosts_add(const struct known_hosts *k, const char *pin, char *other, size_t size, int *line);

#endif
