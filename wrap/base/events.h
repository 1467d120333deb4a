#ifndef INETLS_EVENTS_H
#define INETLS_EVENTS_H

/* Waiting for one of many descriptors, at a cost that does not grow with their number. */

#include <stdint.h>

/* A descriptor for the functions below, which holds no others yet; -1 and errno. */
int events_open(void);

/* From now on events_wait also reports when fd can be read.  0, or -1 and errno. */
int events_add(int events, int fd);

/*
 * No longer.  Call this before fd is closed: if another process has a copy of it, closing it does
 * not remove it.
 */
void events_remove(int events, int fd);

/*
 * Waits until one can be read: 1 and *fd; or DEADLINE_*.  A signal of deadline_let_in ends the
 * wait; it must have a handler of its own, since a stop that is remembered is not looked at.
 */
int events_wait(int events, int64_t deadline, int *fd);

#endif
