/* Waiting for the peer, and closing the connection to it. */

#include "tls/peer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

#define LEAVE_MS 1000 /* how long a peer may take to read what we sent last */

int
peer_wait(struct tls *t, int wanted, int also, bool *heard, int64_t deadline)
{
	struct pollfd p[3] = { { .fd = tls_fd_in(t), .events = POLLIN },
		{ .fd = -1, .events = POLLOUT }, { .fd = also, .events = POLLIN } };
	int flushed = tls_flush(t), ready;

	*heard = false;
	/* If the flush failed, the next call reports it. */
	if (flushed == TLS_WANT_WRITE || wanted == TLS_WANT_WRITE)
		p[1].fd = tls_fd_out(t);
	if (flushed == 1 && wanted == TLS_WANT_WRITE)
		return 1;
	ready = deadline_wait(p, 3, deadline);
	/*
	 * A peer that never stops sending must not hide the deadline.  A signal that it hides ends
	 * the session by deadline_watch.
	 */
	if (ready > 0 && deadline_now() >= deadline)
		ready = DEADLINE_OVER;
	*heard = ready > 0 && p[2].revents != 0;
	return ready;
}

ssize_t
peer_read(struct tls *t, void *data, size_t n, int64_t deadline)
{
	ssize_t got;
	bool heard;

	while ((got = tls_read(t, data, n)) == TLS_WANT_READ || got == TLS_WANT_WRITE)
		if (peer_wait(t, (int)got, -1, &heard, deadline) <= 0)
			return TLS_FAILED;
	return got;
}

bool
peer_last_words(struct tls *t, bool clean)
{
	int64_t deadline = deadline_after(LEAVE_MS);

	if (clean)
		(void)tls_close(t);
	else
		tls_abort(t);
	while (tls_flush(t) == TLS_WANT_WRITE)
		if (deadline_wait_fd(tls_fd_out(t), POLLOUT, deadline) <= 0)
			return false;
	return true;
}

void
peer_leave(int fd_in, int fd_out)
{
	int64_t deadline = deadline_after(LEAVE_MS);
	char waste[4096];
	ssize_t n;

	(void)shutdown(fd_out, SHUT_WR);
	while ((n = read(fd_in, waste, sizeof(waste))) != 0) {
		if (n == -1 && errno != EAGAIN)
			return;
		if (n == -1 ? deadline_wait_fd(fd_in, POLLIN, deadline) <= 0 :
			      deadline_now() >= deadline)
			return;
	}
}
