#ifndef INETLS_CONFINE_LINUX_H
#define INETLS_CONFINE_LINUX_H

/* What confine.c asks of Linux.  Where nothing else is said it returns 0, or -1 and *why. */

#include "confine/kept.h"
#include "failure.h"

/* No exec gives a privilege any more, and nobody can trace or dump the process. */
int confine_linux_privileges(struct failure *why);

/* No file, no other port, no abstract Unix socket, no signal to others: Landlock, where there is
 * one. */
int confine_linux_files(const struct confine_kept *kept, struct failure *why);

/* From now on only the system calls of a session, or of a keyholder. */
int confine_linux_filter(const struct confine_kept *kept, struct failure *why);
int confine_linux_filter_keyholder(struct failure *why);

/* Makes this process the parent of all who are forked from its children and outlive them. */
void confine_linux_keep_orphans(void);

/* What this kernel has of it, in words. */
const char *confine_linux_features(void);

#endif
