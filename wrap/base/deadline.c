/* Deadlines, and the waits that keep them. */

#include "base/deadline.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#include "parse.h"

static volatile sig_atomic_t stopped; /* a signal came; deadline_end_stop resets it */
static volatile sig_atomic_t ticked;  /* the timer of deadline_watch has fired */
static sigset_t ending;               /* the signals of deadline_let_in */

/* The arguments of deadline_watch; they change only while the timer is off. */
static struct {
	int64_t deadline;
	void (*end)(bool by_signal); /* or NULL */
	int64_t late, signaled;      /* when a tick first found that it should end, or 0 */
} watch;

static void
stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static bool
is_told_to_end(void)
{
	sigset_t waiting;

	if (stopped)
		return true;
	if (sigpending(&waiting) == -1)
		return false;
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&ending, i) == 1 && sigismember(&waiting, i) == 1)
			return true;
	return false;
}

/*
 * Whether an earlier tick has found the same: since then the program could have noticed by itself.
 */
static bool
lasts(int64_t *since, bool found, int64_t now)
{
	if (!found)
		*since = 0;
	else if (*since == 0)
		*since = now;
	/* Half a tick: after a stop the next tick may come early. */
	return found && now - *since >= DEADLINE_TICK_MS / 2;
}

/* The handler of the timer. */
static void
tick(int signal)
{
	int saved = errno;
	int64_t now = deadline_now();

	(void)signal;
	ticked = 1;
	if (watch.end != NULL && lasts(&watch.late, now >= watch.deadline, now))
		watch.end(false);
	if (watch.end != NULL && lasts(&watch.signaled, is_told_to_end(), now))
		watch.end(true);
	errno = saved;
}

void
deadline_let_in(const int *signals, size_t n, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler != NULL ? handler : stop };
	struct sigaction rings = { .sa_handler = tick, .sa_flags = SA_RESTART };

	(void)sigemptyset(&ending);
	(void)sigemptyset(&act.sa_mask);
	(void)sigemptyset(&rings.sa_mask);
	for (size_t i = 0; i < n; i++) {
		(void)sigaction(signals[i], &act, NULL);
		(void)sigaddset(&ending, signals[i]);
	}
	if (handler == NULL)
		(void)sigaction(SIGALRM, &rings, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &ending, NULL);
}

int64_t
deadline_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
deadline_after(int64_t ms)
{
	return ms == PARSE_OFF ? DEADLINE_NEVER : deadline_now() + ms;
}

int64_t
deadline_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What an interrupted wait returns; 1 if only the timer interrupted it, so that it goes on. */
static int
interrupted(void)
{
	if (errno != EINTR)
		return DEADLINE_ERROR;
	return ticked && !stopped ? 1 : DEADLINE_STOP;
}

int
deadline_wait(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	struct timespec ts, *timeout = NULL;
	sigset_t none;
	int ready;

	(void)sigemptyset(&none);
	do {
		if (stopped)
			return DEADLINE_STOP;
		if (deadline != DEADLINE_NEVER) {
			int64_t left = deadline - deadline_now();

			if (left < 0)
				left = 0;
			ts.tv_sec = (time_t)(left / 1000);
			ts.tv_nsec = (long)(left % 1000) * 1000000;
			timeout = &ts;
		}
		ticked = 0;
		if ((ready = ppoll(fds, n, timeout, &none)) >= 0)
			return ready;
	} while ((ready = interrupted()) == 1);
	return ready;
}

int
deadline_wait_fd(int fd, short events, int64_t deadline)
{
	struct pollfd one = { .fd = fd, .events = events };
	int ready = deadline_wait(&one, 1, deadline);

	return ready > 0 ? one.revents : ready;
}

int
deadline_stopped(void)
{
	return deadline_wait(NULL, 0, 0) == DEADLINE_STOP;
}

void
deadline_end_stop(void)
{
	stopped = 0;
}

static void
set_timer(long us)
{
	struct itimerval every = { { 0, us }, { 0, us } };

	(void)setitimer(ITIMER_REAL, &every, NULL);
}

void
deadline_watch(int64_t deadline, void (*end)(bool by_signal))
{
	watch.deadline = deadline;
	watch.late = watch.signaled = 0;
	watch.end = end;
	set_timer(DEADLINE_TICK_MS * 1000L);
}

void
deadline_watch_end(void)
{
	if (watch.end == NULL)
		return;
	set_timer(0);
	watch.end = NULL;
}
