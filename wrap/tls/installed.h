#ifndef INETLS_INSTALLED_H
#define INETLS_INSTALLED_H

/*
 * The libraries that this machine has, beside those that a static build has inside: an update of
 * one reaches such a build only when it is built again.  For -V and --check alone; a connection
 * never looks.
 */

#include <stdbool.h>
#include <stddef.h>

/* A library as it was when this was built. */
struct installed_inside {
	const char *name;     /* NULL ends a list */
	const char *version;  /* "" where it is not known */
	const char *shared;   /* path of the shared one beside the archive, or "" */
	const char *build_id; /* of that one, hex, or "" */
};

/* What is inside: nothing in a build that loads the installed ones. */
const struct installed_inside *installed_list(void);

/*
 * Whether this machine now has another one of in: newer, or of the same version but built anew
 * since, as a distribution does when it mends a fault.  Then text says so, and what to do.  False
 * where they agree, and where there is none or it cannot be read.
 */
bool installed_is_newer(const struct installed_inside *in, char *text, size_t size);

/* The same for a library that lies at path. */
bool
installed_differs(const struct installed_inside *in, const char *path, char *text, size_t size);

#endif
