#ifndef INETLS_PIDFILE_H
#define INETLS_PIDFILE_H

/* The pid file of a daemon; -P means what it means in stunnel 3. */

#include <stdbool.h>

#include "failure.h"

#define PIDFILE_MAX 512

/*
 * The path that -P means: an existing directory gives DIR/inetls.SERVICE.pid, "none" or NULL gives
 * "", anything else must be a full path.  0, or -1 and *why (EX_USAGE).
 */
int pidfile_path(
    const char *argument, const char *service, char path[PIDFILE_MAX], struct failure *why);

/*
 * Writes our pid; does nothing for "".  A file of a live process is refused, a stale one of our own
 * user is replaced, a symbolic link is never followed.  0, or -1 and *why (EX_CANTCREAT).
 */
int pidfile_write(const char *path, struct failure *why);

/* Removes the file; does nothing for "". */
void pidfile_remove(const char *path);

#endif
