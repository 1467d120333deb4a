/*
 * The listener.  It reads nothing from the network, and keeps the user it was started as, so that
 * it can read a renewed PEM.  Its children accept the connections; it keeps some waiting, and knows
 * which peer each of the others serves.
 */

#include "listener/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "listener/children.h"
#include "listener/daemon.h"
#include "base/deadline.h"
#include "listener/keyholders.h"
#include "base/log.h"
#include "parse.h"
#include "listener/port.h"
#include "confine/confine.h"
#include "service/transparent.h"
#include "session/session.h"
#include "base/socket.h"
#include "tls/tls.h"

struct listener {
	const struct options *o;
	struct port port;
	struct confine user;
	struct keyholders keys;
	struct children children;
	bool inherited; /* fd 0 was the listening socket */
	struct daemon daemon;
};

static void
init(struct listener *l, const struct options *o)
{
	*l = (struct listener){ .o = o, .keys = { .current = { .control = -1 } } };
	l->children = (struct children){
		.o = o, .port = &l->port, .user = &l->user, .keys = &l->keys
	};
}

/* When a listener that a super-server started gives the socket back. */
static int64_t
idle_end(const struct listener *l)
{
	if (!l->inherited || children_serving(&l->children) > 0 || l->o->idle_exit_ms == PARSE_OFF)
		return DEADLINE_NEVER;
	return l->children.moved + l->o->idle_exit_ms;
}

static void
reload(struct listener *l)
{
	struct failure why;

	if (log_reopen(&why) == -1)
		log_line(LEVEL_ERR, "%s", why.text);
	(void)keyholders_renew(&l->keys, true);
	children_retire(&l->children);
}

static int64_t
next_event(const struct listener *l)
{
	return deadline_min(
	    deadline_min(children_due(&l->children), idle_end(l)), keyholders_due(&l->keys));
}

static void
serve(struct listener *l)
{
	struct children *c = &l->children;

	while (!daemon_must_stop() && deadline_now() < idle_end(l)) {
		children_keep(c);
		if (children_hear(c, next_event(l)) == 1 && keyholders_renew(&l->keys, false))
			children_retire(c);
		if (keyholders_retry(&l->keys))
			children_retire(c);
		children_reap(c);
		if (daemon_must_reload())
			reload(l);
	}
}

/*
 * The port is closed at once; sessions go on until they end, for --close-timeout at most.  A child
 * that accepted at the last moment still serves.
 */
static void
stop(struct listener *l)
{
	bool told = daemon_must_stop();
	int64_t deadline = told ? deadline_after(l->o->close_ms) : DEADLINE_NEVER;
	struct children *c = &l->children;

	port_close(&l->port);
	daemon_remove_pid(&l->daemon);
	children_reap(c);
	if (!l->inherited || told)
		log_line(LEVEL_NOTICE, "stopped listening; sessions=%d", children_serving(c));
	children_retire(c);
	keyholders_leave(&l->keys);
	/*
	 * A child has accepted meanwhile.  It must not keep the socket from the super-server, so it
	 * goes on without us.
	 */
	if (l->inherited && !told)
		return;
	while ((c->n > 0 || keyholders_serves(&l->keys)) &&
	    children_hear(c, deadline) != DEADLINE_OVER)
		children_reap(c);
}

static void
announce(const struct listener *l)
{
	char text[ADDRESS_TEXT];

	for (int i = 0; i < l->port.n; i++) {
		address_of_self(l->port.fds[i], text);
		log_line(LEVEL_NOTICE, "listening on %s for %s", text,
		    l->o->program != NULL ? l->o->program : l->o->backend_text);
	}
	if (l->o->ineffective[0] != '\0')
		log_line(LEVEL_NOTICE, "options without effect here: -%s", l->o->ineffective);
}

/*
 * Starts the keyholder first, while this process is small; then prepares what all children share.
 */
static int
prepare(struct listener *l, struct failure *why)
{
	daemon_take_signals();
	confine_keep_orphans();
	if (children_open(&l->children, why) == -1 ||
	    confine_prepare(&l->user, l->o->user, l->o->group, why) == -1)
		return -1;
	l->user.off = l->o->no_sandbox;
	l->user.capable = l->o->transparent != OPAQUE;
	confine_keep_root(&l->user);
	for (int i = 0; i < l->port.n; i++)
		socket_tune(l->port.fds[i], true); /* each connection inherits these options */
	if (keyholders_open(&l->keys, l->o->no_keyholder ? NULL : l->o->pem,
		l->o->client ? SIGNABLE_CLIENT : SIGNABLE_SERVER, &l->user, why) == -1)
		return -1;
	return tls_init(why);
}

/* With -d: whether a super-server has passed a connection, each of which would start a listener. */
static bool
is_under_superserver(void)
{
	struct address self;

	address_get_self(STDIN_FILENO, &self);
	return log_is_one_socket() &&
	    (self.sa.ss_family == AF_INET || self.sa.ss_family == AF_INET6);
}

static int
start(struct listener *l, struct failure *why)
{
	int r;

	if (daemon_init(&l->daemon, l->o, why) == -1)
		return -1;
	if (is_under_superserver())
		return failure_set(why, EX_USAGE,
		    "-d: fd 0 is a connection of a super-server already; take -d out of its line");
	if (port_open(&l->port, &l->o->listen, l->o->client, why) == -1 ||
	    daemon_detach(&l->daemon, why) == -1)
		return -1;
	/*
	 * Allocations that are only tried come after those that stay; otherwise every child's heap
	 * has holes.
	 */
	if ((l->o->transparent != OPAQUE && transparent_try(why) == -1) || prepare(l, why) == -1 ||
	    tls_understand_priority(l->o->priority, l->o->pem != NULL, why) == -1 ||
	    (r = session_try_tls(l->o, why)) == -1)
		return -1;
	if (r == 1)
		log_line(LEVEL_WARNING, "%s", why->text);
	return daemon_write_pid(&l->daemon, why);
}

int
listener_run(const struct options *o)
{
	struct listener l;
	struct failure why;

	init(&l, o);
	if (start(&l, &why) == -1)
		return daemon_fail(&l.daemon, &why);
	announce(&l);
	if (daemon_settle(&l.daemon, &why) == -1)
		return daemon_fail(&l.daemon, &why);
	serve(&l);
	stop(&l);
	return EX_OK;
}

bool
listener_is_inherited(void)
{
	socklen_t len = sizeof(int);
	int listens = 0, type = 0;

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 &&
	    listens && getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type == SOCK_STREAM;
}

/* Moves fd 0 away, because a session uses that number itself. */
static int
take_over_stdin(struct listener *l, struct failure *why)
{
	int null;

	if ((l->port.fds[0] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) == -1 ||
	    fcntl(l->port.fds[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		return failure_set(why, EX_OSERR, "fd 0: %s", strerror(errno));
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)close(null);
	l->port.n = 1;
	return 0;
}

int
listener_run_inherited(const struct options *o)
{
	struct listener l;
	struct failure why;

	init(&l, o);
	l.inherited = true;
	if (take_over_stdin(&l, &why) == -1 || prepare(&l, &why) == -1) {
		log_line(LEVEL_ERR, "%s", why.text);
		return why.code;
	}
	/*
	 * Do not fail here: the super-server would start us again at once.  Each session reports
	 * the error instead.
	 */
	(void)tls_understand_priority(o->priority, o->pem != NULL, &why);
	serve(&l);
	stop(&l);
	return EX_OK;
}
