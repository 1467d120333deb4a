#ifndef INETLS_BUNDLE_H
#define INETLS_BUNDLE_H

/*
 * Up to four files that belong together: the first is the one that counts (the key), the others go
 * with it.  At no moment, whatever happens, does one of the others belong to a different first
 * file: at worst some are missing.
 */

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "failure.h"

#define BUNDLE_MAX 4

struct bundle_file {
	const char *path; /* all in one directory */
	mode_t mode;
	const void *data;
	size_t len;
};

struct bundle {
	struct bundle_file files[BUNDLE_MAX];
	size_t count;
	int force; /* replace existing regular files; root keeps the owner of the first one */
	/*
	 * The owner to keep, if the new contents were made from a file: in another user's
	 * directory, a different file may have that name by now.  NULL: the owner of the file that
	 * is there.
	 */
	const struct stat *was;
	/*
	 * Called when all is on disk and nothing has its name yet.  It can still stop everything
	 * (-1 and *why); a CA records here what it hands out.  NULL: not called.
	 */
	int (*commit)(void *context, struct failure *why);
	void *context;
};

void bundle_init(struct bundle *bundle, int force);
void bundle_add(struct bundle *bundle, const char *path, mode_t mode, const void *data, size_t len);

/*
 * Whether the files may be written; checked before questions are asked.  0, or -1 and *why
 * (EX_CANTCREAT) if one exists, or with force if one is not a regular file.
 */
int bundle_vacant(const struct bundle *bundle, struct failure *why);

/*
 * Writes them all.  0, or -1 and *why with the first file unchanged; with force one of the others
 * may fail last, when the first is written: then it is missing, and *why names it.  If several
 * processes do this at once in one directory, exactly one succeeds.  Signals that end the program
 * wait meanwhile; if one came before commit, nothing is written.
 */
int bundle_write(const struct bundle *bundle, struct failure *why);

#endif
