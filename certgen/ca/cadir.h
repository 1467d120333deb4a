#ifndef INETLS_CADIR_H
#define INETLS_CADIR_H

/* A new CA's directory, which appears whole or not at all. */

#include "failure.h"

struct cadir {
	const char *key; /* the texts of ca.key, ca.crt and index */
	const char *cert;
	const char *index;
};

/*
 * Whether a CA can be made at that path: nothing is there, or an empty directory.  0, or -1:
 * EX_CANTCREAT.
 */
int cadir_vacant(const char *dir, struct failure *why);

/*
 * Makes the directory, 0700 whatever the umask, with these files in it, all synced before it has
 * its name. 0, or -1 and *why, with nothing left behind.
 */
int cadir_create(const char *dir, const struct cadir *files, struct failure *why);

#endif
