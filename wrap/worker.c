/* A child that waits for its one connection. */

#include "worker.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "session.h"

struct worker {
	const struct options *o;
	const struct port *port;
	int control;
};

/* The next connection, or -1 where the listener wants us to leave. */
static int
accept_next(const struct worker *w, struct address *peer)
{
	struct pollfd p[ADDRESS_MAX + 1];
	int n = w->port->n, fd;

	for (;;) {
		for (int i = 0; i < n; i++)
			p[i] = (struct pollfd){ .fd = w->port->fds[i], .events = POLLIN };
		p[n] = (struct pollfd){ .fd = w->control, .events = POLLIN };
		if (deadline_wait(p, (nfds_t)n + 1, DEADLINE_NEVER) < 0 || p[n].revents != 0)
			return -1;
		/* Another child may have been faster. */
		for (int i = 0; i < n; i++) {
			peer->len = sizeof(peer->sa);
			if (p[i].revents != 0 &&
			    (fd = accept4(p[i].fd, (struct sockaddr *)&peer->sa, &peer->len,
				 SOCK_CLOEXEC | SOCK_NONBLOCK)) != -1)
				return fd;
		}
	}
}

/*
 * What the listener says of this peer.  Without a limit there is no answer to wait for; where it
 * has left meanwhile, the connection is served all the same.
 */
static char
ask_listener(const struct worker *w, const struct address *peer)
{
	char answer = WORKER_SERVE;

	if (send(w->control, peer, sizeof(*peer), MSG_NOSIGNAL) == -1 ||
	    (w->o->max_connections == 0 && w->o->max_per_source == 0) ||
	    read(w->control, &answer, 1) != 1)
		answer = WORKER_SERVE;
	return answer;
}

/* session_start's take. */
static int
take_connection(void *context, struct address *peer, const char **refused)
{
	struct worker *w = context;
	char answer;
	int fd;

	/* Behind the door no number is left but one that is given back. */
	(void)close(STDIN_FILENO);
	fd = accept_next(w, peer);
	if (fd == -1)
		return -1;
	for (int i = 0; i < w->port->n; i++)
		(void)close(w->port->fds[i]);
	answer = ask_listener(w, peer);
	(void)close(w->control);
	if (answer == WORKER_TOO_MANY)
		*refused = "more sessions than --max-connections";
	if (answer == WORKER_TOO_MANY_OF_SOURCE)
		*refused = "more sessions of this source than --max-per-source";
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		return -1;
	if (fd != STDIN_FILENO)
		(void)close(fd);
	return 0;
}

void
worker_run(const struct options *o, const struct sandbox *user, const struct port *port,
    int channel, int control)
{
	struct worker w = { o, port, control };
	struct session_start start = {
		.o = o, .user = user, .channel = channel, .take = take_connection, .context = &w
	};

	_exit(session_serve_next(&start));
}
