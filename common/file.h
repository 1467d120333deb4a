#ifndef INETLS_FILE_H
#define INETLS_FILE_H

/* Whole files: reading one that may hold a key, and writing one so that a crash leaves the old or the new. */

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

#define FILE_PEM_MAX (256 * 1024) /* a key, a long chain and comments; anything larger is no PEM */

/*
 * Reads a regular file of at most max bytes into memory of its own, with a NUL behind it that *len does not
 * count; the caller frees it (file_wipe for secrets).  0, or -1 and *why: EX_NOINPUT where there is none,
 * EX_NOPERM where it cannot be read, EX_CONFIG where it is too large or no file, EX_OSERR.
 */
int file_read(const char *path, size_t max, char **data, size_t *len, struct failure *why);

/*
 * The same for a file that holds a private key: refused with EX_NOPERM and the chmod that mends it where
 * others could read or write it.  0600 or less, or 0640 where root owns it (libpq's rule).
 */
int file_read_private(const char *path, size_t max, char **data, size_t *len, struct failure *why);

/* Overwrites and frees what file_read gave; NULL is nothing to do. */
void file_wipe(char *data, size_t len);

#endif
