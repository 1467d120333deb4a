/* A plain prefork: each child serves one connection; some children wait for the next one. */

#include "listener/children.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/events.h"
#include "base/log.h"
#include "listener/worker.h"

/* A waiting child keeps the host names, tickets and time zone that it read when it was made. */
#define IDLE_MAX_MS 60000

/* A shortage is over when nothing has failed for this long. */
#define OVER_MS 10000

int
children_open(struct children *c, struct failure *why)
{
	if ((c->events = events_open()) == -1)
		return failure_set(why, EX_OSERR, "epoll: %s", strerror(errno));
	c->moved = deadline_now();
	return 0;
}

int
children_serving(const struct children *c)
{
	return c->n - c->waiting - c->leaving;
}

/*
 * A shortage lasts a while, and forking is tried again ten times a second.  The log reports the
 * first failure, and when it is over how many there were.
 */
static void
note_failure(struct children *c, const char *text)
{
	if (c->failures++ == 0)
		log_line(LEVEL_ERR, "%s", text);
	c->failed = deadline_now();
	c->pause = deadline_after(DEADLINE_PAUSE_MS);
}

static bool
has_recovered(const struct children *c)
{
	return c->failures > 0 && c->waiting >= c->o->idle_children;
}

static void
note_recovery(struct children *c)
{
	if (!has_recovered(c) || deadline_now() < c->failed + OVER_MS)
		return;
	log_line(
	    LEVEL_NOTICE, "children wait for connections again; failures before: %u", c->failures);
	c->failures = 0;
}

static int
make_room(struct children *c)
{
	struct child *more;
	int places = c->n + 64;

	if (c->n < c->places)
		return 0;
	if ((more = realloc(c->at, (size_t)places * sizeof(*more))) == NULL)
		return -1;
	c->at = more;
	c->places = places;
	return 0;
}

static void
let_go(const struct children *c, int fd)
{
	events_remove(c->events, fd);
	(void)close(fd);
}

/* Moves the last child to this one's place. */
static void
lose(struct children *c, struct child *child)
{
	switch (child->state) {
	case CHILD_WAITS:
		/*
		 * What has killed this child may kill the next one just as fast, so wait before
		 * another fork.
		 */
		c->pause = deadline_after(DEADLINE_PAUSE_MS);
		c->waiting--;
		break;
	case CHILD_LEAVES: c->leaving--; break;
	default: c->moved = deadline_now();
	}
	*child = c->at[--c->n];
}

/*
 * The new process, or -1 and *why.  It closes the descriptors of the listener and of the other
 * children that wait.
 */
static pid_t
fork_child(struct children *c, int channel, const int ends[2], struct failure *why)
{
	pid_t pid = fork();

	if (pid == -1)
		return failure_set(why, EX_OSERR, "fork: %s", strerror(errno));
	if (pid != 0)
		return pid;
	/*
	 * The other children must see their sockets end when the listener ends, so this child may
	 * hold no copy.
	 */
	for (int i = 0; i < c->n; i++)
		if (c->at[i].socket != -1)
			(void)close(c->at[i].socket);
	(void)close(c->events);
	(void)close(ends[0]);
	keyholders_leave(c->keys);
	(void)signal(SIGCHLD, SIG_DFL);
	worker_run(c->o, c->user, c->port, channel, ends[1]);
}

/* 0, or -1 and *why. */
static int
make_child(struct children *c, struct failure *why)
{
	int ends[2], channel = keyholders_channel(c->keys, why);
	pid_t pid = -1;

	if (channel == -2)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		failure_set(why, EX_OSERR, "%s", strerror(errno));
	else {
		if (make_room(c) == -1 || events_add(c->events, ends[0]) == -1)
			failure_set(why, EX_OSERR, "%s", strerror(errno));
		else
			pid = fork_child(c, channel, ends, why);
		(void)close(ends[1]);
		if (pid == -1)
			let_go(c, ends[0]);
		else
			c->at[c->n++] = (struct child){
				.pid = pid, .socket = ends[0], .state = CHILD_WAITS
			};
	}
	if (channel != -1)
		(void)close(channel);
	return pid == -1 ? -1 : 0;
}

void
children_keep(struct children *c)
{
	struct failure why, text;

	note_recovery(c);
	if (deadline_now() >= c->renew_at)
		children_retire(c);
	if (deadline_now() < c->pause)
		return;
	while (c->waiting < c->o->idle_children) {
		if (make_child(c, &why) == -1) {
			failure_set(&text, why.code,
			    "%s; no child could be started to wait for connections", why.text);
			note_failure(c, text.text);
			return;
		}
		if (c->waiting == 0)
			c->renew_at = deadline_after(IDLE_MAX_MS);
		c->waiting++;
	}
}

int64_t
children_due(const struct children *c)
{
	int64_t at = c->waiting < c->o->idle_children ? c->pause : c->renew_at;

	return has_recovered(c) ? deadline_min(at, c->failed + OVER_MS) : at;
}

void
children_retire(struct children *c)
{
	for (int i = 0; c->waiting > 0; i++)
		if (c->at[i].state == CHILD_WAITS) {
			(void)shutdown(c->at[i].socket, SHUT_WR);
			c->at[i].state = CHILD_LEAVES;
			c->waiting--;
			c->leaving++;
		}
	c->renew_at = DEADLINE_NEVER;
}

/* ---- limits ---- */

/*
 * What connections are counted by: all of an IPv4 address; of an IPv6 address the first 64 bits,
 * which belong to one customer.  Link-local addresses share those bits, so there it is the other
 * half and the interface.
 */
static void
source_of(const struct address *a, struct in6_addr *out)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&a->sa;

	memset(out, 0, sizeof(*out));
	if (a->sa.ss_family == AF_INET)
		memcpy(out->s6_addr + 12, &sin->sin_addr, 4);
	if (a->sa.ss_family != AF_INET6)
		return;
	*out = ((const struct sockaddr_in6 *)&a->sa)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(out))
		memset(out, 0, 12);
	else if (address_is_link_local(a))
		memcpy(out->s6_addr + 4, &((const struct sockaddr_in6 *)&a->sa)->sin6_scope_id, 4);
	else
		memset(out->s6_addr + 8, 0, 8);
}

/*
 * A refused peer takes no place.  Otherwise a flood would keep out the peers that the limits
 * protect.
 */
static char
judge(const struct children *c, const struct in6_addr *source)
{
	int all = 0, same = 0;

	for (int i = 0; i < c->n; i++)
		if (c->at[i].state == CHILD_SERVES) {
			all++;
			same += memcmp(&c->at[i].source, source, sizeof(*source)) == 0;
		}
	if (c->o->max_connections > 0 && all >= c->o->max_connections)
		return WORKER_TOO_MANY;
	return c->o->max_per_source > 0 && same >= c->o->max_per_source ?
	    WORKER_TOO_MANY_OF_SOURCE :
	    WORKER_SERVE;
}

/* A child sends an errno when it cannot wait for connections. */
static void
note_child_failure(struct children *c, const void *message)
{
	struct failure why;
	int error;

	memcpy(&error, message, sizeof(error));
	failure_set(
	    &why, EX_OSERR, "poll: %s; a child cannot wait for connections", strerror(error));
	note_failure(c, why.text);
}

/*
 * A child sends one message when it has accepted: the peer's address.  The listener then closes the
 * socket, and learns from SIGCHLD when the session has ended: a socket for each session would make
 * every fork dearer.
 */
static void
hear(struct children *c, struct child *child)
{
	char answer = WORKER_SERVE;
	struct address peer;
	ssize_t n = recv(child->socket, &peer, sizeof(peer), MSG_DONTWAIT);

	if (n == (ssize_t)sizeof(peer)) {
		source_of(&peer, &child->source);
		if (worker_has_limit(c->o) && child->state == CHILD_WAITS) {
			answer = judge(c, &child->source);
			(void)send(child->socket, &answer, 1, MSG_NOSIGNAL);
		}
		c->waiting -= child->state == CHILD_WAITS;
		c->leaving -= child->state == CHILD_LEAVES;
		child->state = answer == WORKER_SERVE ? CHILD_SERVES : CHILD_REFUSES;
		c->moved = deadline_now();
	} else if (n == sizeof(int))
		note_child_failure(c, &peer);
	let_go(c, child->socket);
	child->socket = -1;
}

int
children_hear(struct children *c, int64_t deadline)
{
	int fd, r = events_wait(c->events, deadline, &fd);

	for (int i = 0; r == 1 && i < c->n; i++)
		if (c->at[i].socket == fd)
			hear(c, &c->at[i]);
	return r;
}

static void
forget(struct children *c, pid_t pid)
{
	for (int i = 0; i < c->n; i++)
		if (c->at[i].pid == pid) {
			if (c->at[i].socket != -1)
				hear(c, &c->at[i]); /* the message may still be there */
			lose(c, &c->at[i]);
			return;
		}
}

void
children_reap(struct children *c)
{
	bool is_keyholder;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		forget(c, pid);
		is_keyholder = keyholders_reaped(c->keys, pid);
		if (is_keyholder)
			children_retire(c); /* their channels are dead */
		if (WIFSIGNALED(status))
			log_line(LEVEL_ERR, "%s[%ld] was killed by signal %d (%s)",
			    is_keyholder ? "keyholder" : "session", (long)pid, WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	}
}
