#ifndef INETLS_CADIR_H
#define INETLS_CADIR_H

/* Makes a new CA's directory, which appears complete or not at all. */

#include "failure.h"

struct cadir {
	const char *key; /* the texts of ca.key, ca.crt and index */
	const char *cert;
	const char *index;
};

/*
 * Whether a CA can be made at that path: there is nothing, or an empty directory.  0, or -1:
 * EX_CANTCREAT.
 */
int cadir_vacant(const char *dir, struct failure *why);

/*
 * Makes the directory with these files, mode 0700 whatever the umask; everything is synced before
 * it gets its name.  0, or -1 and *why with nothing left behind.
 */
int cadir_create(const char *dir, const struct cadir *files, struct failure *why);

#endif
