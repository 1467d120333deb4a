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

	while ((ready = deadline_wait_event(w->events)) >= 0 && ready != w->control) {
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
	(void)close(w->events);
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
	struct worker w = { o, port, control, -1 };
	struct session_start start = {
		.o = o, .user = user, .channel = channel, .take = take_connection, .context = &w
	};

	if (watch(&w) == -1) {
		log_line(LEVEL_ERR, "epoll: %s; this child cannot wait", strerror(errno));
		_exit(EX_OSERR);
	}
	_exit(session_serve_next(&start));
}
