#ifndef INETLS_DEADLINE_H
#define INETLS_DEADLINE_H

/*
 * Absolute deadlines on the monotonic clock, in milliseconds, and the waits that keep them.
 * SIGTERM and the other signals of deadline_let_in stay blocked outside these waits, so that they
 * interrupt no other system call.
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

/* What deadline_wait returns besides the number of ready descriptors. */
enum {
	DEADLINE_OVER = 0,
	DEADLINE_STOP = -1,  /* a signal asks us to end */
	DEADLINE_ERROR = -2, /* the wait failed; errno says why */
};

/*
 * From now on these signals are delivered only during a wait, which then returns DEADLINE_STOP.
 * With a NULL handler the stop is remembered: every later wait returns DEADLINE_STOP at once, until
 * deadline_end_stop; deadline_watch needs this.  SIGPIPE is ignored: write reports EPIPE.
 */
void deadline_let_in(const int *signals, size_t n, void (*handler)(int));

int64_t deadline_now(void);

/* The moment ms from now; DEADLINE_NEVER where ms is PARSE_OFF. */
int64_t deadline_after(int64_t ms);

/* The earlier of the two. */
int64_t deadline_min(int64_t a, int64_t b);

/*
 * Waits for the descriptors; an entry with fd -1 is skipped.  How many are ready, or one of the
 * values above.
 */
int deadline_wait(struct pollfd *fds, nfds_t n, int64_t deadline);

/* Waits for one descriptor: its revents (> 0), or one of the values above. */
int deadline_wait_fd(int fd, short events, int64_t deadline);

/*
 * How long to pause after running out of descriptors, memory or processes, so that another process
 * can end.
 */
#define DEADLINE_PAUSE_MS 100

/* Whether a signal asks us to end; does not wait.  For loops that never block. */
int deadline_stopped(void);

/* Forgets the stop, so that the code that ends the session can wait again. */
void deadline_end_stop(void);

/*
 * For library calls that may compute for any length of time.  From now on a kernel timer checks
 * every DEADLINE_TICK_MS, whatever is running, whether the deadline is over or a signal of
 * deadline_let_in has come.  If the next tick finds the same, the program has not noticed by
 * itself, and the timer's signal handler calls end.  end may only call what is safe there, and must
 * not return.
 */
#ifndef DEADLINE_TICK_MS
#define DEADLINE_TICK_MS 250
#endif
void deadline_watch(int64_t deadline, void (*end)(bool by_signal));
void deadline_watch_end(void);

#endif
