#ifndef INETLS_KNOWN_HOSTS_H
#define INETLS_KNOWN_HOSTS_H

/*
 * The pins of hosts that were seen before: one line for each, "host:port sha256//...", which may be
 * edited by hand.  If a host has several lines, any of them is accepted.  '#' begins a comment.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

struct known_hosts {
	int fd; /* open for reading, and for appending if that is allowed */
	char path[512];
	char host[300]; /* "host:port", the beginning of its line */
};

enum { KNOWN_HOSTS_NEW, KNOWN_HOSTS_MATCH, KNOWN_HOSTS_OTHER };

/*
 * Opens the file, and makes it if it is missing: path, or for NULL
 * ~/.local/state/inetls/known_hosts (/var/lib/inetls/known_hosts for root).  0, or -1 and *why.
 */
int known_hosts_open(struct known_hosts *k, const char *path, const char *host, const char *port,
    struct failure *why);

/*
 * Whether users other than root and this process's can change the file; then says so in text, with
 * the command that mends it.
 */
bool known_hosts_warning(const struct known_hosts *k, char *text, size_t size);

/*
 * Compares this host's pin with the file.  For KNOWN_HOSTS_OTHER also the pin in the file and its
 * line number.  -1 if the file cannot be read.
 */
int known_hosts_look_up(
    const struct known_hosts *k, const char *pin, char *other, size_t size, int *line);

/*
 * Appends the host, unless another process has done so meanwhile: locks, reads again, writes once.
 * KNOWN_HOSTS_NEW if it was written, else as above; -1 also if it cannot be written, with the file
 * as it was.
 */
int
known_hosts_add(const struct known_hosts *k, const char *pin, char *other, size_t size, int *line);

#endif
