#ifndef INETLS_CONFINE_LINUX_H
#define INETLS_CONFINE_LINUX_H

/*
 * The parts of confining that only Linux has.  Each function returns 0, or -1 and *why, unless it
 * says otherwise.
 */

#include "confine/kept.h"
#include "failure.h"

/*
 * Capabilities are given up.  With -T and as root CAP_NET_ADMIN first leaves the bounding set.
 * Once the process is the user that it stays, it has no capability at all, not even one that the
 * super-server gave to an ordinary user (AmbientCapabilities=) or kept for it (SecureBits=).
 */
void confine_linux_bound(void);
int confine_linux_capabilities(struct failure *why);

/* exec can give no privilege any more, and nobody can trace or dump the process. */
int confine_linux_privileges(struct failure *why);

/*
 * No file, no other port, no abstract Unix socket, no signal to others: by Landlock, if the kernel
 * has it.
 */
int confine_linux_files(const struct confine_kept *kept, struct failure *why);

/* From now on only the system calls of a session or a keyholder are allowed. */
int confine_linux_filter(const struct confine_kept *kept, struct failure *why);
int confine_linux_filter_keyholder(struct failure *why);

/*
 * For a keyholder whose key is in a token: files are only read, nothing is started, no port bound,
 * no signal sent; a system call that is not allowed fails with EPERM.
 */
int confine_linux_files_token(struct failure *why);
int confine_linux_filter_token(struct failure *why);

/* Makes this process the parent of grandchildren whose own parent has ended. */
void confine_linux_keep_orphans(void);

/* What this kernel offers for confining, in words. */
const char *confine_linux_features(void);

#endif
