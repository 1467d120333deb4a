#ifndef INETLS_CONFINE_H
#define INETLS_CONFINE_H

/*
 * Become nobody, then give up files, processes and system calls.  Every #if for an operating system
 * lives here.  The user is looked up while /etc can still be read; the process is confined before
 * the first byte of the peer is read.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "confine/kept.h"
#include "failure.h"

struct confine {
	bool change_user; /* started as root */
	bool off;         /* --no-sandbox: become the user, and leave it at that */
	int empty_root;   /* a directory that confine_keep_root opened, or -1 */
	uid_t uid;
	gid_t gid;
	char user[64];
};

/*
 * Finds out whom to become: user and group as given by -s and -g or NULL, where the default is
 * inetls, else nobody.  0, or -1 and *why: EX_CONFIG for a name that does not exist, EX_USAGE for
 * root, EX_NOPERM where another user is asked for without being root.
 */
int confine_prepare(struct confine *s, const char *user, const char *group, struct failure *why);

/*
 * Makes the empty root directory for all who will be forked from here, so that none has to make its
 * own.  Where it cannot be had, each tries for itself.
 */
void confine_keep_root(struct confine *s);

/*
 * Confines a session: an empty root, another user, no privilege to be had again, no file, no new
 * process and no system call but what the relay needs.  0, or -1 and *why; then nothing of the peer
 * may be read.
 */
int confine_session(const struct confine *s, const struct confine_kept *d, struct failure *why);

/*
 * Makes this process the parent of all who are forked from its children and outlive them, where the
 * system has that.
 */
void confine_keep_orphans(void);

/*
 * Another user for good, and no root to be had again, for a process that must still exec.  0, or -1
 * and *why.
 */
int confine_become(const struct confine *s, struct failure *why);

/*
 * The cage of the process that holds the key: a user of its own, which the session cannot touch,
 * and fewer system calls still.  s is the session's.
 */
int confine_keyholder(const struct confine *s, struct failure *why);

/* What this kernel has of it, in words for --check. */
const char *confine_features(void);

#endif
