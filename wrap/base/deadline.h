#ifndef INETLS_DEADLINE_H
#define INETLS_DEADLINE_H

/*
 * Absolute deadlines on the monotonic clock, in milliseconds, and the one place that waits. SIGTERM
 * and its kin stay blocked everywhere else (deadline_let_in), so that no other system call is ever
 * interrupted.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

/* What deadline_wait answers besides the number of ready descriptors. */
enum {
	DEADLINE_OVER = 0,
	DEADLINE_STOP = -1,  /* a signal asks us to end */
	DEADLINE_ERROR = -2, /* ppoll failed; errno says why */
};

/*
 * From now on these signals are let in only here, and then the wait answers DEADLINE_STOP.  handler
 * may be NULL, where the arrival is all that counts: then every wait from there on answers
 * DEADLINE_STOP, until deadline_end_stop, and deadline_watch may be used.  SIGPIPE is ignored:
 * write says EPIPE.
 */
void deadline_let_in(const int *signals, size_t n, void (*handler)(int));

int64_t deadline_now(void);

/* Waits on an epoll whose entries have their descriptor as data: 1 and *fd, or one of the above. */
int deadline_wait_event(int epoll, int64_t deadline, int *fd);

/* The moment ms from now; DEADLINE_NEVER where ms is PARSE_OFF. */
int64_t deadline_after(int64_t ms);

/* The earlier of two. */
int64_t deadline_min(int64_t a, int64_t b);

/* Waits for the descriptors; an entry with fd -1 is skipped.  A count, or one of the above. */
int deadline_wait(struct pollfd *fds, nfds_t n, int64_t deadline);

/* Waits for one descriptor: the revents (> 0), or one of the above. */
int deadline_wait_fd(int fd, short events, int64_t deadline);

/*
 * What somebody waits who has run out of descriptors, memory or processes: time for another to end.
 */
#define DEADLINE_PAUSE_MS 100

/* Whether a signal asks us to end, without waiting: for loops that never block. */
int deadline_stopped(void);

/* The end has begun that a signal asked for: its own waits are waits again. */
void deadline_end_stop(void);

/*
 * For calls of a library that may compute for any time: from now on a kernel timer looks, every
 * DEADLINE_TICK_MS, whether the deadline is over or one of the signals of deadline_let_in has come,
 * whatever is running.  Where it still finds that at the next tick, the program has not seen it by
 * itself, and end is called from the timer's signal handler: it may call only what is safe there,
 * and must not return.
 */
#define DEADLINE_TICK_MS 250
void deadline_watch(int64_t deadline, void (*end)(bool by_signal));
void deadline_watch_end(void);

#endif
