#ifndef INETLS_BUNDLE_H
#define INETLS_BUNDLE_H

/*
 * Up to four files that belong together: the first is the one that counts (the key), the others go
 * with it. At no instant, whatever happens, does one of the others stand beside a first that is not
 * its own: at worst some of them are missing.
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
	int force; /* existing regular files give way; root keeps the first one's owner */
	/*
	 * The owner that is kept, where what is written was read from a file: in the directory of
	 * somebody else another may have its name by now.  NULL: that of the file as it is.
	 */
	const struct stat *was;
	/*
	 * Called when all is on disk and nothing has its name yet: the last moment to say no, by -1
	 * and *why, and the one at which a CA writes down what it hands out.  NULL: nobody is
	 * asked.
	 */
	int (*commit)(void *context, struct failure *why);
	void *context;
};

void bundle_init(struct bundle *bundle, int force);
void bundle_add(struct bundle *bundle, const char *path, mode_t mode, const void *data, size_t len);

/*
 * Whether the files may be written: looked at before questions are asked.  0, or -1 and *why
 * (EX_CANTCREAT) where one exists, or with force one that is no regular file.
 */
int bundle_vacant(const struct bundle *bundle, struct failure *why);

/*
 * Writes them all.  0, or -1 and *why, with the first as it was.  Of several at once in one
 * directory exactly one wins.  An ending signal waits meanwhile, and one that came before commit
 * leaves nothing written.
 */
int bundle_write(const struct bundle *bundle, struct failure *why);

#endif
