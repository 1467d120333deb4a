/* Waiting for one of many descriptors, by Linux's epoll. */

#include "base/events.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/deadline.h"

int
events_open(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

int
events_add(int events, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(events, EPOLL_CTL_ADD, fd, &e);
}

void
events_remove(int events, int fd)
{
	(void)epoll_ctl(events, EPOLL_CTL_DEL, fd, NULL);
}

int
events_wait(int events, int64_t deadline, int *fd)
{
	int64_t left = -1;
	struct epoll_event e;
	sigset_t none;
	int ready;

	if (deadline != DEADLINE_NEVER && (left = deadline - deadline_now()) < 0)
		left = 0;
	(void)sigemptyset(&none);
	ready = epoll_pwait(events, &e, 1, left > INT_MAX ? INT_MAX : (int)left, &none);
	if (ready == 1)
		*fd = e.data.fd;
	if (ready >= 0)
		return ready;
	return errno == EINTR ? DEADLINE_STOP : DEADLINE_ERROR;
}
