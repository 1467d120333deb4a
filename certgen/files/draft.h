#ifndef INETLS_DRAFT_H
#define INETLS_DRAFT_H

/*
 * A new file that is complete on disk before it gets its name.  It is written and synced under a
 * temporary name in the same directory, then published by link(2) or rename(2).  A crash leaves
 * either the old file or the new one, and at worst a hidden temporary file that only its owner can
 * read.
 */

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

struct draft {
	/* where to publish it; owned by the caller, and must outlive the draft */
	const char *path;
	mode_t mode; /* exactly this, whatever the umask; 0600 until all is written */
	uid_t uid;   /* (uid_t)-1: the user who runs this */
	gid_t gid;
	int dir;
	char temp[256];
};

/*
 * Initialises a draft of a file that belongs to the user who runs this; draft_discard may follow at
 * once.
 */
void draft_init(struct draft *draft, const char *path, mode_t mode);

/* Writes and syncs the temporary file.  0, or -1 and *why with nothing left behind. */
int draft_write(struct draft *draft, const void *data, size_t len, struct failure *why);

/*
 * Gives the draft its name.  Without replace, an existing path of any kind (even a dangling
 * symbolic link) is left as it is: -1 and EX_CANTCREAT.  With replace, a regular file is replaced,
 * and anything else is refused in the same way.  0 once published, or -1.  Call draft_discard in
 * both cases.
 */
int draft_publish(struct draft *draft, int replace, struct failure *why);

/*
 * Removes the file of the draft's name from the directory that draft_write opened, wherever the
 * path leads by now.  0, or -1 and errno.
 */
int draft_remove_published(const struct draft *draft);

/*
 * Removes the temporary file if it was not published, and closes the directory.  Keeps errno; may
 * be called twice.
 */
void draft_discard(struct draft *draft);

/*
 * Between hold and release, signals that end a program (INT, TERM, HUP, QUIT, XFSZ) wait, so that
 * none of them leaves a temporary file behind.  draft_interrupted: whether such a signal is
 * waiting.  Ask just before publishing, the last moment to give up.
 */
void draft_hold_signals(sigset_t *saved);
int draft_interrupted(void);
void draft_release_signals(const sigset_t *saved);

/*
 * Writes a file with exactly this mode, whatever the umask; 0600 until all is written.  A regular
 * file at that path is replaced: readers see the old one or the new one, which is complete and
 * synced.  0, or -1 and *why: EX_CANTCREAT if something else is at that path, even a dangling link;
 * EX_NOPERM, EX_IOERR and EX_OSERR.  A signal that would end the program waits until the temporary
 * file is gone. If it came before the file had its name, nothing is written, and the signal then
 * takes effect (if it is handled: -1 and EX_TEMPFAIL).
 */
int draft_replace(const char *path, mode_t mode, const void *data, size_t len, struct failure *why);

#endif
