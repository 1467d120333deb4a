#ifndef INETLS_SANDBOX_H
#define INETLS_SANDBOX_H

/*
 * Become nobody, then close the door.  Every #if for an operating system lives here.  The user is looked up
 * while /etc can still be read; the door is closed before the first byte of the peer is read.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"

struct sandbox {
	bool change_user; /* started as root */
	uid_t uid;
	gid_t gid;
	char user[64];
};

/*
 * Finds out whom to become: user and group as given by -s and -g or NULL, where the default is inetls, else
 * nobody.  0, or -1 and *why: EX_CONFIG for a name that does not exist, EX_USAGE for root, EX_NOPERM where
 * another user is asked for without being root.
 */
int sandbox_prepare(struct sandbox *s, const char *user, const char *group, struct failure *why);

/*
 * Makes root the root directory ("" is an empty one) where the process is root, becomes the user for good,
 * and gives up what a session never needs.  0, or -1 and *why; then nothing of the peer may be read.
 */
int sandbox_enter(const struct sandbox *s, const char *root, struct failure *why);

#endif
