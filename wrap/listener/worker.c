/* A child that waits for its one connection. */

#include "listener/worker.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "session/session.h"

/*
 * How long a child that failed to get ready waits before it leaves: the cause may be mended soon.
 */
#define BROKEN_MS 1000

struct worker {
	const struct options *o;
	const struct port *port;
	int control;
};

/*
 * Accepts a connection.  -1 where another child was faster, the peer has left, or no descriptor can
 * be had.
 */
static int
try_accept(int port, struct address *peer)
{
	int fd;

	peer->len = sizeof(peer->sa);
	fd = accept4(port, (struct sockaddr *)&peer->sa, &peer->len, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd == -1 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
		(void)deadline_wait(NULL, 0, deadline_after(DEADLINE_PAUSE_MS));
	return fd;
}

/*
 * The next connection, or -1 when this child must leave: the listener wants it, the deadline is
 * over, a signal has come, or it cannot wait.
 */
static int
accept_next(const struct worker *w, int64_t deadline, struct address *peer)
{
	struct pollfd fds[ADDRESS_MAX + 1] = { { .fd = w->control, .events = POLLIN } };
	int n = w->port->n, ready, fd;

	for (int i = 0; i < n; i++)
		fds[i + 1] = (struct pollfd){ .fd = w->port->fds[i], .events = POLLIN };
	while ((ready = deadline_wait(fds, (nfds_t)n + 1, deadline)) > 0 && fds[0].revents == 0)
		for (int i = 1; i <= n; i++)
			if (fds[i].revents != 0 && (fd = try_accept(fds[i].fd, peer)) != -1)
				return fd;
	if (ready == DEADLINE_ERROR) {
		int error = errno;

		/* The listener logs this once for all children. */
		(void)send(w->control, &error, sizeof(error), MSG_NOSIGNAL);
	}
	return -1;
}

bool
worker_has_limit(const struct options *o)
{
	return o->max_connections > 0 || o->max_per_source > 0;
}

/*
 * Why the peer is refused, or NULL.  If the listener has left meanwhile, the peer is served.  A
 * signal ends the session in its handshake, with a log line.
 */
static const char *
ask_leave(const struct worker *w, const struct address *peer)
{
	char answer = WORKER_SERVE;
	int ready;

	if (send(w->control, peer, sizeof(*peer), MSG_NOSIGNAL) == -1 || !worker_has_limit(w->o))
		return NULL;
	ready = deadline_wait_fd(w->control, POLLIN, deadline_after(w->o->handshake_timeout_ms));
	if (ready == DEADLINE_OVER)
		return "the listener did not answer within --handshake-timeout";
	if (ready < 0 || read(w->control, &answer, 1) != 1)
		return NULL;
	switch (answer) {
	case WORKER_TOO_MANY: return "more sessions than --max-connections";
	case WORKER_TOO_MANY_OF_SOURCE:
		return "more sessions from this source than --max-per-source";
	default: return NULL;
	}
}

/* Makes the connection fd 0 and 1. */
static int
put_in_place(int fd)
{
	/*
	 * dup2 of a descriptor to itself becomes fcntl on some machines, and no filter allows that
	 * here.
	 */
	if ((fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) == -1) ||
	    (fd != STDOUT_FILENO && dup2(fd, STDOUT_FILENO) == -1))
		return -1;
	if (fd > STDOUT_FILENO)
		(void)close(fd);
	return 0;
}

void
worker_run(const struct options *o, const struct confine *user, const struct port *port,
    int channel, int control)
{
	struct worker w = { o, port, control };
	struct session_start start = {
		.o = o, .user = user, .channel = channel, .control = control, .highest_fd = control
	};
	struct session *s;
	int64_t deadline = DEADLINE_NEVER;
	struct address peer = { .len = 0 }; /* all of it is sent */
	int fd;

	for (int i = 0; i < port->n; i++)
		if (port->fds[i] > start.highest_fd)
			start.highest_fd = port->fds[i];
	if ((s = session_new(&start)) == NULL)
		_exit(EX_OSERR);
	if (session_can_wait(o) && (session_open(s) == -1 || session_confine(s) == -1))
		deadline = deadline_after(BROKEN_MS);
	/*
	 * A confined process can get no descriptor number above those in use, so the connection
	 * takes these.
	 */
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	if ((fd = accept_next(&w, deadline, &peer)) == -1)
		_exit(EX_OK);
	for (int i = 0; i < port->n; i++)
		(void)close(port->fds[i]);
	if (put_in_place(fd) == -1)
		_exit(EX_OSERR);
	_exit(session_run(s, &peer, ask_leave(&w, &peer)));
}
