#ifndef INETLS_FILE_H
#define INETLS_FILE_H

/*
 * Whole files: reading one that may hold a key, and writing one so that a crash leaves the old or
 * the new.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "failure.h"

/* a key, a long chain and comments; anything larger is no PEM */
#define FILE_PEM_MAX (256 * 1024)

/*
 * Reads a regular file of at most max bytes into memory of its own, with a NUL behind it that *len
 * does not count; the caller frees it (file_wipe for secrets).  0, or -1 and *why: EX_NOINPUT where
 * there is none, EX_NOPERM where it cannot be read, EX_CONFIG where it is too large or no file,
 * EX_OSERR.
 */
int file_read(const char *path, size_t max, char **data, size_t *len, struct failure *why);

/*
 * The same for a file that is to hold a private key: where it does, and others could read or write
 * it, it is refused with EX_NOPERM and the chmod that mends it.  0600 or less, or 0640 where root
 * owns it (libpq's rule).
 */
int file_read_private(const char *path, size_t max, char **data, size_t *len, struct failure *why);

struct file_named {
	char *data;
	size_t len;
	struct stat was; /* of what was read, whatever the path leads to by now */
};

/*
 * The same for one that is to be replaced, which no link may lead to: EX_CANTCREAT.  The caller
 * frees out->data.
 */
int file_read_named(const char *path, size_t max, struct file_named *out, struct failure *why);

/*
 * Writes a new file of exactly this mode, whatever the umask; 0600 until all of it is written.  It
 * appears under its name whole and synced, or not at all, and never in the place of something else:
 * -1 and EX_CANTCREAT where the path exists, be it a dangling link.  Otherwise EX_NOPERM, EX_IOERR
 * or EX_OSERR. A signal that would end the program waits until no temporary file is left; if it
 * came before the file had its name, nothing is written and the signal then takes effect (where it
 * is handled: -1 and EX_TEMPFAIL).
 */
int file_create(const char *path, mode_t mode, const void *data, size_t len, struct failure *why);

/* The same, but a regular file at that path gives way: readers see the old one or the new one. */
int file_replace(const char *path, mode_t mode, const void *data, size_t len, struct failure *why);

/*
 * Locks the directory that a path is in, so that one of us at a time writes there, and nothing is
 * left behind: a descriptor to be closed, or -1.  Whoever may read the directory can keep it
 * locked, so nobody waits for longer than five seconds, and then goes on without.
 */
int file_lock_beside(const char *path);

/* Whether two stats are of one file that nobody has changed or replaced in between. */
bool file_is_same(const struct stat *then, const struct stat *now);

/* Overwrites and frees what file_read gave; NULL is nothing to do. */
void file_wipe(char *data, size_t len);

#endif
