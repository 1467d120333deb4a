#ifndef INETLS_INSTALLED_H
#define INETLS_INSTALLED_H

/*
 * Compares the libraries inside a static build with those installed on this machine.  An update of
 * a library reaches a static build only when it is built again.  For -V and --check only; a
 * connection never looks.
 */

#include <stdbool.h>
#include <stddef.h>

/* A library as it was at build time. */
struct installed_inside {
	const char *name;     /* NULL ends a list */
	const char *version;  /* "" if unknown */
	const char *shared;   /* path of the shared library that goes with the archive, or "" */
	const char *build_id; /* of that shared library, in hex, or "" */
};

/* The libraries inside this program; none in a build that loads the installed ones. */
const struct installed_inside *installed_list(void);

/*
 * Whether the installed library differs from in: it is newer, or of the same version but built
 * again since, as distributions do for a security fix.  Then text says so, and what to do.  False
 * if they are the same, or if it is missing or cannot be read.
 */
bool installed_is_newer(const struct installed_inside *in, char *text, size_t size);

/* The same for the library at path. */
bool
installed_differs(const struct installed_inside *in, const char *path, char *text, size_t size);

#endif
