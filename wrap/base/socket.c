/* The options of a TCP socket. */

#include "base/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/deadline.h"

#define LOOK_MS 10 /* how often to check what is not acknowledged yet */

void
socket_tune(int fd, bool remote)
{
	static const struct {
		int level, name, value;
	} options[] = {
		/*
		 * Otherwise a small answer that follows another waits 40 ms for the peer's delayed
		 * acknowledgement.
		 */
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		/*
		 * How long data, or a keepalive probe, may stay unacknowledged, in milliseconds.
		 * With it the number of probes (TCP_KEEPCNT) does not count: tcp(7).
		 */
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 150000 },
	};
	/* Within a machine no end can vanish without a word. */
	size_t n = remote ? sizeof(options) / sizeof(options[0]) : 1;

	for (size_t i = 0; i < n; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			sizeof(int)) == -1)
			return; /* not TCP */
}

static void
linger(int fd, int on)
{
	struct linger l = { .l_onoff = on, .l_linger = 0 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

void
socket_arm(int fd)
{
	linger(fd, 1);
}

void
socket_release(int fd)
{
	linger(fd, 0);
}

void
socket_wake_at(int fd, int bytes)
{
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

/*
 * Whether bytes sent by TCP are still on their way.  After a reset they are not, though the kernel
 * still counts them.  A Unix socket has delivered what it has taken; there the kernel counts what
 * the other end has not read.
 */
static bool
is_sending(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int unsent = 0;

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
	    info.tcpi_state != TCP_CLOSE && ioctl(fd, TIOCOUTQ, &unsent) == 0 && unsent > 0;
}

void
socket_abort(int fd, int64_t deadline)
{
	/*
	 * A reset discards what our kernel has not sent, but not what the other kernel has
	 * received.  So wait until it has arrived; then the other end gets all data from before the
	 * cut, and sees the reset.
	 */
	while (deadline_now() < deadline && is_sending(fd))
		if (deadline_wait(NULL, 0, deadline_min(deadline, deadline_after(LOOK_MS))) !=
		    DEADLINE_OVER)
			break;
	socket_arm(fd);
	(void)close(fd);
}

static bool
has_hung_up(int fd)
{
	struct pollfd p = { .fd = fd };

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

bool
socket_may_be_closed(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	return has_hung_up(fd) || getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0;
}

int
socket_unblock(int fd, int how)
{
	struct stat st;
	char path[32];
	int own;

	if (fstat(fd, &st) == -1)
		return -1;
	/*
	 * A regular file never blocks, and its offset and O_APPEND belong to the process that
	 * opened it.
	 */
	if (S_ISREG(st.st_mode))
		return 0;
	if (!S_ISSOCK(st.st_mode)) {
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if ((own = open(path, how | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) != -1) {
			(void)dup2(own, fd);
			return close(own);
		}
	}
	return fcntl(fd, F_SETFL, O_NONBLOCK);
}
