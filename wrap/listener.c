/*
 * The listener.  It reads nothing from the network, and stays as it was started, since each of its
 * children must be able to read what was renewed before it closes the door behind itself.  Its
 * children accept; it counts them, keeps some waiting, and knows whom they serve.
 */

#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "deadline.h"
#include "hugetext.h"
#include "keyring.h"
#include "parse.h"
#include "port.h"
#include "sandbox.h"
#include "session.h"
#include "socket.h"
#include "tls.h"
#include "worker.h"

struct child {
	pid_t pid;
	int control;            /* while it waits; -1 once it serves */
	bool refused;           /* it has but a line to write */
	struct in6_addr source; /* whom, as --max-per-source counts: an IPv4 address, an IPv6 /64 */
};

struct listener {
	const struct options *o;
	struct port port;
	struct sandbox user;
	struct keyring keys;
	struct child *children; /* the waiting ones first */
	int n, waiting, places;
	bool inherited; /* fd 0 was the socket */
	int64_t moved;  /* the last accept, or end of a session */
	int64_t pause;  /* no fork before, after one has failed */
	struct daemon daemon;
};

static int
sessions(const struct listener *l)
{
	return l->n - l->waiting;
}

/* ---- children ---- */

static int
make_room(struct listener *l)
{
	struct child *more;

	if (l->n < l->places)
		return 0;
	if ((more = realloc(l->children, (size_t)(l->places + 64) * sizeof(*more))) == NULL)
		return -1;
	l->children = more;
	l->places += 64;
	return 0;
}

static void
swap(struct listener *l, int i, int j)
{
	struct child saved = l->children[i];

	l->children[i] = l->children[j];
	l->children[j] = saved;
}

/* After the fork: this process is a child, and nothing of the others is its business. */
static void __attribute__((noreturn)) become_worker(struct listener *l, int channel, int control)
{
	(void)signal(SIGCHLD, SIG_DFL);
	for (int i = 0; i < l->waiting; i++)
		(void)close(l->children[i].control);
	keyring_leave(&l->keys);
	worker_run(l->o, &l->user, &l->port, channel, control);
}

/* One more child that waits.  0, or -1 where something has run out. */
static int
add_child(struct listener *l)
{
	struct failure why = { .code = EX_OK };
	int ends[2], channel = keyring_channel(&l->keys, &why);
	pid_t pid = -1;

	if (channel == -2 || make_room(l) == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) {
		log_line(LEVEL_ERR, "%s; no child can wait for connections",
		    why.code != EX_OK ? why.text : strerror(errno));
		if (channel >= 0)
			(void)close(channel);
		return -1;
	}
	if ((pid = fork()) == 0) {
		(void)close(ends[0]); /* or it would never see that we have left */
		become_worker(l, channel, ends[1]);
	}
	if (pid == -1)
		log_line(LEVEL_ERR, "fork: %s; no child can wait for connections", strerror(errno));
	if (channel != -1)
		(void)close(channel);
	(void)close(ends[1]);
	if (pid == -1) {
		(void)close(ends[0]);
		return -1;
	}
	l->children[l->n] = (struct child){ .pid = pid, .control = ends[0] };
	swap(l, l->n++, l->waiting++);
	return 0;
}

/* A child that waits no more: it serves, or has been told to leave. */
static void
let_go(struct listener *l, int i)
{
	(void)close(l->children[i].control);
	l->children[i].control = -1;
	swap(l, i, --l->waiting);
}

/* A child that has ended without a connection: what has ended it may end the next one as fast. */
static void
lose(struct listener *l, int i)
{
	l->pause = deadline_after(DEADLINE_PAUSE_MS);
	let_go(l, i);
}

static void
keep_waiting(struct listener *l)
{
	if (deadline_now() < l->pause)
		return;
	while (l->waiting < l->o->idle_children)
		if (add_child(l) == -1) {
			l->pause = deadline_after(DEADLINE_PAUSE_MS);
			return;
		}
}

/* Those that wait have the old key, the old log or the old tickets. */
static void
retire_waiting(struct listener *l)
{
	while (l->waiting > 0)
		let_go(l, l->waiting - 1);
}

static void
reap(struct listener *l)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
		if (keyring_reaped(&l->keys, pid)) {
			if (pid == l->keys.current.pid)
				retire_waiting(l); /* their channels end nowhere */
			continue;
		}
		for (int i = 0; i < l->n; i++)
			if (l->children[i].pid == pid) {
				if (i < l->waiting) {
					lose(l, i);
					i = l->waiting;
				}
				l->children[i] = l->children[--l->n];
				l->moved = deadline_now();
				break;
			}
	}
}

/* ---- limits ---- */

/* An IPv4 address whole, and of an IPv6 address the half that belongs to one customer. */
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
	else
		memset(out->s6_addr + 8, 0, 8);
}

static char
judge(const struct listener *l, const struct in6_addr *source)
{
	int all = 0, same = 0;

	/*
	 * Who is refused takes no place, or a flood would keep those out whom the limits are for.
	 */
	for (int i = l->waiting; i < l->n; i++)
		if (!l->children[i].refused) {
			all++;
			same += memcmp(&l->children[i].source, source, sizeof(*source)) == 0;
		}
	if (l->o->max_connections > 0 && all >= l->o->max_connections)
		return WORKER_TOO_MANY;
	return l->o->max_per_source > 0 && same >= l->o->max_per_source ?
	    WORKER_TOO_MANY_OF_SOURCE :
	    WORKER_SERVE;
}

/* A child has accepted: it says whom, and is told whether to serve. */
static void
hear_child(struct listener *l, int i)
{
	struct child *c = &l->children[i];
	struct address peer;
	struct in6_addr source;
	char answer;

	if (read(c->control, &peer, sizeof(peer)) != (ssize_t)sizeof(peer)) {
		lose(l, i); /* it is dying; reap sees the rest */
		return;
	}
	source_of(&peer, &source);
	answer = judge(l, &source);
	(void)send(c->control, &answer, 1, MSG_NOSIGNAL);
	c->refused = answer != WORKER_SERVE;
	c->source = source;
	l->moved = deadline_now();
	let_go(l, i);
}

/* ---- loop ---- */

static int64_t
next_moment(const struct listener *l)
{
	int64_t at = DEADLINE_NEVER;

	if (l->waiting < l->o->idle_children)
		at = l->pause;
	if (l->inherited && sessions(l) == 0 && l->o->idle_exit_ms != PARSE_OFF)
		at = deadline_min(at, l->moved + l->o->idle_exit_ms);
	return at;
}

static bool
is_over(const struct listener *l)
{
	return daemon_must_stop() ||
	    (l->inherited && sessions(l) == 0 && l->o->idle_exit_ms != PARSE_OFF &&
		deadline_now() >= l->moved + l->o->idle_exit_ms);
}

static void
reload(struct listener *l)
{
	struct failure why;

	if (log_reopen(&why) == -1)
		log_line(LEVEL_ERR, "%s", why.text);
	(void)keyring_renew(&l->keys, true);
	retire_waiting(l);
}

static void
serve(struct listener *l)
{
	struct pollfd p[OPTIONS_IDLE_CHILDREN_MAX];
	int n, waiting;

	l->moved = deadline_now();
	while (!is_over(l)) {
		keep_waiting(l);
		waiting = l->waiting;
		for (int i = 0; i < waiting; i++)
			p[i] = (struct pollfd){ .fd = l->children[i].control, .events = POLLIN };
		n = deadline_wait(p, (nfds_t)waiting, next_moment(l));
		/* From behind, since one that serves changes places with the last that waits. */
		for (int i = waiting - 1; n > 0 && i >= 0; i--)
			if (p[i].revents != 0)
				hear_child(l, i);
		if (n > 0 && keyring_renew(&l->keys, false))
			retire_waiting(l);
		reap(l);
		if (daemon_must_reload())
			reload(l);
	}
}

/*
 * The port is closed at once; sessions go on until they end, for --close-timeout at most.  A child
 * that has accepted in the last moment serves, whatever it asks us.
 */
static void
stop(struct listener *l)
{
	bool told = daemon_must_stop();
	int64_t deadline = told ? deadline_after(l->o->close_ms) : DEADLINE_NEVER;

	port_close(&l->port);
	daemon_remove_pid(&l->daemon);
	reap(l);
	if (!l->inherited || told)
		log_line(LEVEL_NOTICE, "stopped listening; sessions=%d", sessions(l));
	retire_waiting(l);
	keyring_leave(&l->keys);
	/*
	 * One that has accepted meanwhile must not keep the socket from the super-server: it goes
	 * on without us.
	 */
	if (l->inherited && !told)
		return;
	while ((l->n > 0 || keyring_serves(&l->keys)) &&
	    deadline_wait(NULL, 0, deadline) != DEADLINE_OVER)
		reap(l);
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
 * The keyholder first, while this process is small; then what every child would have to do by
 * itself.
 */
static int
prepare(struct listener *l, struct failure *why)
{
	daemon_take_signals();
	if (sandbox_prepare(&l->user, l->o->user, l->o->group, why) == -1)
		return -1;
	l->user.off = l->o->no_sandbox;
	sandbox_keep_root(&l->user);
	for (int i = 0; i < l->port.n; i++)
		socket_tune(l->port.fds[i]); /* each connection has it from here */
	hugetext_use();
	if (keyring_open(&l->keys, l->o->no_keyholder ? NULL : l->o->pem, &l->user, why) == -1)
		return -1;
	return tls_init(why);
}

static int
start(struct listener *l, struct failure *why)
{
	if (daemon_init(&l->daemon, l->o, why) == -1 ||
	    port_open(&l->port, &l->o->listen, l->o->client, why) == -1 ||
	    daemon_detach(&l->daemon, why) == -1)
		return -1;
	if (prepare(l, why) == -1 || session_try_tls(l->o, why) == -1)
		return -1;
	return daemon_write_pid(&l->daemon, why);
}

int
listener_run(const struct options *o)
{
	struct listener l = { .o = o, .keys = { .current = { .control = -1 } } };
	struct failure why;

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
	int listens = 0;

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) == 0 && listens;
}

/* fd 0 moves out of the way of the sessions' own. */
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
	struct listener l = { .o = o, .inherited = true, .keys = { .current = { .control = -1 } } };
	struct failure why;

	if (take_over_stdin(&l, &why) == -1 || prepare(&l, &why) == -1) {
		log_line(LEVEL_ERR, "%s", why.text);
		return why.code;
	}
	/* Its sessions say so: who leaves at once is started again at once. */
	(void)tls_understand_priority(o->priority, &why);
	serve(&l);
	stop(&l);
	return EX_OK;
}
