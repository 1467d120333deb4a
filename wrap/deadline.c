/* Deadlines, and the only wait of the program. */

#include "deadline.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <time.h>

#include "parse.h"

static volatile sig_atomic_t stopped; /* a signal came, and deadline_end_stop has not */

static void
stop(int signal)
{
	(void)signal;
	stopped = 1;
}

void
deadline_let_in(const int *signals, size_t n, void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler != NULL ? handler : stop };
	sigset_t block;

	(void)sigemptyset(&block);
	(void)sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < n; i++) {
		(void)sigaction(signals[i], &act, NULL);
		(void)sigaddset(&block, signals[i]);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &block, NULL);
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

int
deadline_wait(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	struct timespec ts, *timeout = NULL;
	sigset_t none;
	int ready;

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
	(void)sigemptyset(&none);
	if ((ready = ppoll(fds, n, timeout, &none)) >= 0)
		return ready;
	return errno == EINTR ? DEADLINE_STOP : DEADLINE_ERROR;
}

int
deadline_wait_event(int epoll, int64_t deadline, int *fd)
{
	int64_t left = -1;
	struct epoll_event e;
	sigset_t none;
	int ready;

	if (stopped)
		return DEADLINE_STOP;
	if (deadline != DEADLINE_NEVER && (left = deadline - deadline_now()) < 0)
		left = 0;
	(void)sigemptyset(&none);
	ready = epoll_pwait(epoll, &e, 1, left > INT_MAX ? INT_MAX : (int)left, &none);
	if (ready == 1)
		*fd = e.data.fd;
	if (ready >= 0)
		return ready;
	return errno == EINTR ? DEADLINE_STOP : DEADLINE_ERROR;
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
