#ifndef INETLS_INSTALLED_H
#define INETLS_INSTALLED_H

/*
 * The GnuTLS that this machine has, beside the one that a static build has inside: an update of the
 * library reaches such a build only when it is built again.  For -V and --check alone; a connection
 * never looks.
 */

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the shared library of this machine is another one than what was linked in, version being
 * the latter's: newer, or of the same version but built anew since, as a distribution does when it
 * mends a fault.  Then text says so, and what to do.  False where they agree, where this build uses
 * the installed one anyway, and where there is none or it cannot be read.
 */
bool installed_is_newer(const char *version, char *text, size_t size);

/*
 * The same for a library that lies at path, when one of build_id (hex, "" where it is not known)
 * was there at build time.
 */
bool installed_differs(
    const char *path, const char *version, const char *build_id, char *text, size_t size);

#endif
