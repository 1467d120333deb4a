#ifndef INETLS_DRAFT_H
#define INETLS_DRAFT_H

/*
 * A new file that is whole on disk before it gets its name: written and synced under a temporary
 * name in the same directory, then published by link(2) or rename(2).  A crash leaves the old file
 * or the new one, and at worst a hidden temporary file, which nobody but its owner can read.
 */

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

struct draft {
	/* where it is to be published; the caller's, and must outlive the draft */
	const char *path;
	mode_t mode; /* exactly this, whatever the umask; 0600 until all is written */
	uid_t uid;   /* (uid_t)-1: whoever runs this */
	gid_t gid;
	int dir;
	char temp[256];
};

/*
 * An empty draft of a file that belongs to the user who runs this; draft_discard may follow at
 * once.
 */
void draft_init(struct draft *draft, const char *path, mode_t mode);

/* Writes and syncs the temporary file.  0, or -1 and *why with nothing left behind. */
int draft_write(struct draft *draft, const void *data, size_t len, struct failure *why);

/*
 * Gives the draft its name.  Without replace an existing path of any kind, a dangling symbolic link
 * included, is left as it is: -1 and EX_CANTCREAT.  With replace a regular file gives way, and
 * anything else is refused likewise.  0 once published, or -1; draft_discard follows either.
 */
int draft_publish(struct draft *draft, int replace, struct failure *why);

/*
 * Removes what has the draft's name in the directory that draft_write has opened, whatever the path
 * leads to by now.  0, or -1 and errno.
 */
int draft_remove_published(const struct draft *draft);

/* Removes what was not published, and lets go of the directory.  errno is kept; may be called
 * twice. */
void draft_discard(struct draft *draft);

/*
 * Between these two the signals that end a program (INT, TERM, HUP, QUIT, XFSZ) wait, so that none
 * of them leaves a temporary file behind.  draft_interrupted says whether one is waiting: the
 * moment before publishing is the last at which to give up.
 */
void draft_hold_signals(sigset_t *saved);
int draft_interrupted(void);
void draft_release_signals(const sigset_t *saved);

#endif
