/* A child that waits for its one connection. */

#include "worker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "log.h"
#include "session.h"
#include "zygote.h"

struct worker {
	const struct options *o;
	const struct port *port;
	int control;
	int events; /* an epoll of all of these, or -1 */
};

/* Of several children that wait, one is woken for a connection and not all (epoll_ctl(2)). */
static int
watch(struct worker *w)
{
	struct epoll_event port = { .events = EPOLLIN | EPOLLEXCLUSIVE },
			   end = { .events = EPOLLIN };

	if ((w->events = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return -1;
	for (int i = 0; i < w->port->n; i++) {
		port.data.fd = w->port->fds[i];
		if (epoll_ctl(w->events, EPOLL_CTL_ADD, port.data.fd, &port) == -1)
			return -1;
	}
	end.data.fd = w->control;
	return epoll_ctl(w->events, EPOLL_CTL_ADD, w->control, &end);
}

/* The next connection, or -1 where the listener wants us to leave. */
static int
accept_next(const struct worker *w, struct address *peer)
{
	int ready, fd;

	while (deadline_wait_event(w->events, DEADLINE_NEVER, &ready) == 1 && ready != w->control) {
		peer->len = sizeof(peer->sa);
		fd = accept4(
		    ready, (struct sockaddr *)&peer->sa, &peer->len, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd != -1)
			return fd;
		/* Another child was faster, or the peer has left, or the machine has no files left.
		 */
		if (errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			(void)deadline_wait(NULL, 0, deadline_after(DEADLINE_PAUSE_MS));
	}
	return -1;
}

bool
worker_has_limit(const struct options *o)
{
	return o->max_connections > 0 || o->max_per_source > 0;
}

/* What the listener says of this peer; where it has left meanwhile, the connection is served. */
static char
ask_listener(const struct worker *w, const struct address *peer)
{
	char answer = WORKER_SERVE;

	if (send(w->control, peer, sizeof(*peer), MSG_NOSIGNAL) == -1 || !worker_has_limit(w->o) ||
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

	/* Behind the door no numbers are left but those that are given back. */
	(void)close(STDIN_FILENO);
	(void)close(STDOUT_FILENO);
	if (watch(w) == -1) {
		int error = errno;

		/* The listener logs it, for all who cannot. */
		(void)send(w->control, &error, sizeof(error), MSG_NOSIGNAL);
		return -1;
	}
	fd = accept_next(w, peer);
	if (fd == -1)
		return -1;
	for (int i = 0; i < w->port->n; i++)
		(void)close(w->port->fds[i]);
	(void)close(w->events);
	answer = ask_listener(w, peer);
	if (answer == WORKER_TOO_MANY)
		*refused = "more sessions than --max-connections";
	if (answer == WORKER_TOO_MANY_OF_SOURCE)
		*refused = "more sessions of this source than --max-per-source";
	/* dup2 to itself is another system call on some machines, which no filter allows. */
	if ((fd != STDIN_FILENO && dup2(fd, STDIN_FILENO) == -1) ||
	    (fd != STDOUT_FILENO && dup2(fd, STDOUT_FILENO) == -1))
		return -1;
	if (fd > STDOUT_FILENO)
		(void)close(fd);
	return 0;
}

/* session_start's multiply. */
static int
become_many(void *context, const int *families, int n, struct zygote_gift *g)
{
	struct worker *w = context;

	if (zygote_multiply(w->control, families, n, g) == -1)
		return -1;
	w->control = g->control;
	return 0;
}

void
worker_run(const struct options *o, const struct sandbox *user, const struct port *port,
    int channel, int control)
{
	struct worker w = { o, port, control, -1 };
	struct session_start start = { .o = o,
		.user = user,
		.channel = channel,
		.listener = control,
		.multiply = become_many,
		.take = take_connection,
		.context = &w };

	_exit(session_serve_next(&start));
}
