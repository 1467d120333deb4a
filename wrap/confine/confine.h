#ifndef INETLS_CONFINE_H
#define INETLS_CONFINE_H

/*
 * Become nobody, then give up files, processes and system calls.  What only
 * Linux has is in confine_linux.c and filter/.  The user is looked up while /etc can still be read;
 * the process is confined before it reads the first byte from the peer.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "confine/kept.h"
#include "failure.h"

struct confine {
	bool change_user; /* started as root */
	bool capable;     /* -T: started with a capability, which is given up */
	bool off;         /* --no-sandbox: only become the user */
	int empty_root;   /* a directory that confine_keep_root opened, or -1 */
	uid_t uid;
	gid_t gid;
	const char *user; /* its name, or NULL */
};

/*
 * Finds out which user to become.  user and group are those of -s and -g, or NULL; the default is
 * inetls, else nobody.  s->user is user itself or a constant.  0, or -1 and *why: EX_CONFIG for a
 * name that does not exist, EX_USAGE for root, EX_NOPERM if another user is asked for but we are
 * not root.
 */
int confine_prepare(struct confine *s, const char *user, const char *group, struct failure *why);

/*
 * Makes the empty root directory once for all processes forked from here.  If that fails, each of
 * them tries for itself.
 */
void confine_keep_root(struct confine *s);

/*
 * Confines a session: an empty root, another user, no way to regain a privilege; no file, no new
 * process, and only the system calls that the relay needs.  0, or -1 and *why; after -1 nothing may
 * be read from the peer.
 */
int confine_session(const struct confine *s, const struct confine_kept *d, struct failure *why);

/*
 * Makes this process the parent of grandchildren whose own parent has ended, if the system can do
 * that.
 */
void confine_keep_orphans(void);

/*
 * Becomes another user for good, with no way back to root; for a process that must still exec.  0,
 * or -1 and *why.
 */
int confine_become(const struct confine *s, struct failure *why);

/*
 * Confines the process that holds the key: a user of its own, which the session cannot send signals
 * to, and fewer system calls.  s is the session's.
 */
int confine_keyholder(const struct confine *s, struct failure *why);

/*
 * The same if the key is in a token (PKCS #11), whose module may open files and sockets for each
 * signature, and make threads.  The user is the session's, with its groups, since a token is given
 * to a user that has a name; the process sees the file system, and may read what that user may.
 */
int confine_keyholder_token(const struct confine *s, struct failure *why);

/* What this kernel offers for confining, in words for --check. */
const char *confine_features(void);

#endif
