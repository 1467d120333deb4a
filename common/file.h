#ifndef INETLS_FILE_H
#define INETLS_FILE_H

/* Reads whole files, which may hold a key. */

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "failure.h"

/* room for a key, a long chain and comments; a larger file is not a PEM */
#define FILE_PEM_MAX (256 * 1024)

/*
 * Reads a regular file of at most max bytes into new memory and adds a NUL that *len does not
 * count.  The caller frees it (file_wipe for secrets).  0, or -1 and *why: EX_NOINPUT if there is
 * no such file, EX_NOPERM if it cannot be read, EX_CONFIG if it is too large or not a regular file,
 * EX_OSERR.
 */
int file_read(const char *path, size_t max, char **data, size_t *len, struct failure *why);

/*
 * The same for a file that may hold a private key, or the URL of one.  If it holds one and others
 * could read or write it, it is refused with EX_NOPERM and the chmod that mends it.  Allowed are
 * 0600 or less, or 0640 if root owns it (libpq's rule).  file_read_secret: the same rule for any
 * content.
 */
int file_read_private(const char *path, size_t max, char **data, size_t *len, struct failure *why);
int file_read_secret(const char *path, size_t max, char **data, size_t *len, struct failure *why);

struct file_named {
	char *data;
	size_t len;
	struct stat was; /* of the file that was read, wherever the path leads by now */
};

/*
 * The same for a file that is to be replaced; a symbolic link is refused with EX_CANTCREAT.  The
 * caller frees out->data.
 */
int file_read_named(const char *path, size_t max, struct file_named *out, struct failure *why);

/* Overwrites and frees what file_read returned; does nothing for NULL. */
void file_wipe(char *data, size_t len);

#endif
