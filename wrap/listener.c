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
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "deadline.h"
#include "keyring.h"
#include "parse.h"
#include "port.h"
#include "sandbox.h"
#include "session.h"
#include "socket.h"
#include "tls.h"
#include "worker.h"
#include "zygote.h"

enum child_state {
	CHILD_NONE,
	CHILD_WAITS,
	CHILD_LEAVES, /* it was told to; a zygote too */
	CHILD_SERVES,
	CHILD_REFUSES, /* it has but a line to write */
};

/* Of so many new sessions, and for so long, an end is heard with that of others. */
#define YOUNG_MAX 64
#define YOUNG_MS 1000

struct child {
	enum child_state state;
	struct in6_addr source; /* whom, as --max-per-source counts: an IPv4 address, an IPv6 /64 */
};

struct listener {
	const struct options *o;
	struct port port;
	struct sandbox user;
	struct keyring keys;
	struct child *children; /* by our end of the socket to each, whose end is the child's */
	int places, n, waiting, leaving;
	int events;                    /* an epoll of those sockets and of the zygote's */
	int young[YOUNG_MAX], n_young; /* of new sessions, which that is silent about */
	int64_t grown_up;              /* when they are asked for */
	struct zygote zygote;
	struct rlimit files; /* as it was; each session is a descriptor here */
	bool inherited;      /* fd 0 was the socket */
	int64_t moved;       /* the last accept, or end of a session */
	int64_t pause;       /* no fork before, after one has failed */
	unsigned failures;   /* to have a child that waits, of which the first was logged */
	int64_t failed;      /* the last of them */
	struct daemon daemon;
};

static int
sessions(const struct listener *l)
{
	return l->n - l->waiting - l->leaving;
}

/* ---- children ---- */

static int
make_room(struct listener *l, int fd)
{
	struct child *more;
	int places = fd + 64;

	if (fd < l->places)
		return 0;
	if ((more = realloc(l->children, (size_t)places * sizeof(*more))) == NULL)
		return -1;
	memset(more + l->places, 0, (size_t)(places - l->places) * sizeof(*more));
	l->children = more;
	l->places = places;
	return 0;
}

/*
 * Most sessions are short, and their ends would wake us, each to close a socket.  So after its
 * first word the epoll is silent about one, until it is asked for with others (hear_young).  Limits
 * need the right count in each moment.
 */
static bool
hears_late(const struct listener *l)
{
	return session_can_wait(l->o) && !worker_has_limit(l->o);
}

static int
watch(const struct listener *l, int fd, int how, bool once)
{
	struct epoll_event e = { .events = once ? EPOLLIN | EPOLLONESHOT : EPOLLIN, .data.fd = fd };

	return epoll_ctl(l->events, how, fd, &e);
}

/* Out of the epoll first: who was forked meanwhile may have a copy of it. */
static void
let_go(const struct listener *l, int fd)
{
	(void)epoll_ctl(l->events, EPOLL_CTL_DEL, fd, NULL);
	(void)close(fd);
}

/*
 * What is short is so for a while, and is tried ten times a second: the log hears of it once, and
 * how often when it is over.
 */
static void
note_failure(struct listener *l, const char *text)
{
	if (l->failures++ == 0)
		log_line(LEVEL_ERR, "%s", text);
	l->failed = deadline_now();
	log_hush(); /* the zygote too, where another is forked */
}

static bool
has_recovered(const struct listener *l)
{
	return l->failures > 0 && l->waiting >= l->o->idle_children;
}

static void
note_recovery(struct listener *l)
{
	if (!has_recovered(l) || deadline_now() < l->failed + LOG_SELDOM_MS)
		return;
	log_line(
	    LEVEL_NOTICE, "children wait for connections again; failures before: %u", l->failures);
	l->failures = 0;
}

/* Its process is gone, or as good as that. */
static void
lose_child(struct listener *l, int fd)
{
	switch (l->children[fd].state) {
	case CHILD_WAITS:
		/* What has ended it may end the next one as fast. */
		l->pause = deadline_after(DEADLINE_PAUSE_MS);
		l->waiting--;
		break;
	case CHILD_LEAVES: l->leaving--; break;
	default: l->moved = deadline_now();
	}
	l->children[fd].state = CHILD_NONE;
	l->n--;
	let_go(l, fd);
}

/* Those that have ended are gone now; the end of the others is heard as it comes. */
static void
hear_young(struct listener *l)
{
	struct pollfd polled[YOUNG_MAX];

	for (int i = 0; i < l->n_young; i++)
		polled[i] = (struct pollfd){ .fd = l->young[i], .events = POLLIN };
	(void)poll(polled, (nfds_t)l->n_young, 0); /* no wait, which would let a signal in */
	for (int i = 0; i < l->n_young; i++)
		if (polled[i].revents != 0)
			lose_child(l, l->young[i]);
		else
			(void)watch(l, l->young[i], EPOLL_CTL_MOD, false);
	l->n_young = 0;
}

static void
grow_up_later(struct listener *l, int fd)
{
	if (l->n_young == YOUNG_MAX)
		hear_young(l);
	if (l->n_young == 0)
		l->grown_up = deadline_after(YOUNG_MS);
	l->young[l->n_young++] = fd;
}

/* It has the port open until it is gone. */
static void
retire_zygote(struct listener *l)
{
	int fd = zygote_leave(&l->zygote);

	if (fd == -1)
		return;
	l->children[fd].state = CHILD_LEAVES;
	l->n++;
	l->leaving++;
}

/* 0, or -1 and *why.  In the new process nothing of the others is its business. */
static int
fork_child(struct listener *l, int channel, const int ends[2], struct failure *why)
{
	pid_t pid = fork();

	if (pid == -1)
		return failure_set(why, EX_OSERR, "fork: %s", strerror(errno));
	if (pid != 0)
		return 0;
	/* Or they would never see that we have left. */
	for (int fd = 0; fd < l->places; fd++)
		if (l->children[fd].state != CHILD_NONE)
			(void)close(fd);
	if (l->zygote.control != -1)
		(void)close(l->zygote.control);
	(void)close(l->events);
	(void)close(ends[0]);
	keyring_leave(&l->keys);
	(void)setrlimit(RLIMIT_NOFILE, &l->files);
	/* What a zygote's children leave behind is nothing to it. */
	(void)signal(SIGCHLD, session_can_wait(l->o) ? SIG_IGN : SIG_DFL);
	worker_run(l->o, &l->user, &l->port, channel, ends[1]);
}

/* Our end of the socket to a new child, which is watched; or -1 and *why. */
static int
make_child(struct listener *l, bool of_zygote, struct failure *why)
{
	int ends[2], channel = keyring_channel(&l->keys, why), r = -1;

	if (channel == -2)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		failure_set(why, EX_OSERR, "%s", strerror(errno));
	else {
		if (make_room(l, ends[0]) == -1 ||
		    watch(l, ends[0], EPOLL_CTL_ADD, of_zygote && hears_late(l)) == -1)
			failure_set(why, EX_OSERR, "%s", strerror(errno));
		else
			r = of_zygote ? zygote_ask(&l->zygote, l->o, ends[1], channel, why) :
					fork_child(l, channel, ends, why);
		(void)close(ends[1]);
		if (r == -1)
			let_go(l, ends[0]);
	}
	if (channel != -1)
		(void)close(channel);
	return r == 0 ? ends[0] : -1;
}

static int
add_child(struct listener *l, bool of_zygote, struct failure *why)
{
	int fd = make_child(l, of_zygote, why);

	if (fd == -1)
		return -1;
	l->children[fd] = (struct child){ .state = CHILD_WAITS };
	l->n++;
	l->waiting++;
	return 0;
}

/* 1 where there is one that can be asked, 0 where it comes, or -1 and *why. */
static int
have_zygote(struct listener *l, struct failure *why)
{
	if (l->zygote.control == -1)
		l->zygote.control = make_child(l, false, why);
	return l->zygote.control == -1 ? -1 : l->zygote.ready;
}

/* 1 once as many wait as shall, 0 where they have to wait for a zygote, or -1 and *why. */
static int
fill_up(struct listener *l, struct failure *why)
{
	bool of_zygote = session_can_wait(l->o);
	int r = 1;

	while (r == 1 && l->waiting < l->o->idle_children) {
		if (of_zygote)
			r = have_zygote(l, why);
		if (r == 1 && add_child(l, of_zygote, why) == -1)
			r = -1;
	}
	return r;
}

/* Whether there were descriptors of ours that nobody needs. */
static bool
spare_descriptors(struct listener *l)
{
	bool some = l->n_young > 0 || l->keys.n_stock > 0;

	hear_young(l);
	keyring_drop_stock(&l->keys);
	return some;
}

static void
keep_waiting(struct listener *l)
{
	struct failure why, text;
	int r;

	note_recovery(l);
	if (l->zygote.ready && deadline_now() >= l->zygote.end)
		retire_zygote(l);
	if (deadline_now() < l->pause)
		return;
	r = fill_up(l, &why);
	if (r == -1 && spare_descriptors(l))
		r = fill_up(l, &why);
	if (r == -1) {
		failure_set(&text, why.code, "%s; no child can wait for connections", why.text);
		note_failure(l, text.text);
		l->pause = deadline_after(DEADLINE_PAUSE_MS);
	}
}

/*
 * Those that wait have the old key, the old log or the old tickets.  One that accepts in this
 * moment says so yet.
 */
static void
retire_waiting(struct listener *l)
{
	retire_zygote(l);
	for (int fd = 0; l->waiting > 0; fd++)
		if (l->children[fd].state == CHILD_WAITS) {
			(void)shutdown(fd, SHUT_WR);
			l->children[fd].state = CHILD_LEAVES;
			l->waiting--;
			l->leaving++;
		}
}

static void
reap(struct listener *l)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		if (keyring_reaped(&l->keys, pid))
			retire_waiting(
			    l); /* they may have its chain, or channels that end nowhere */
}

/* ---- limits ---- */

/*
 * An IPv4 address whole, and of an IPv6 address the half that belongs to one customer; a link-local
 * one is all in the other half, and on one interface.
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

static char
judge(const struct listener *l, const struct in6_addr *source)
{
	int all = 0, same = 0;

	/*
	 * Who is refused takes no place, or a flood would keep those out whom the limits are for.
	 */
	for (int fd = 0; fd < l->places; fd++)
		if (l->children[fd].state == CHILD_SERVES) {
			all++;
			same += memcmp(&l->children[fd].source, source, sizeof(*source)) == 0;
		}
	if (l->o->max_connections > 0 && all >= l->o->max_connections)
		return WORKER_TOO_MANY;
	return l->o->max_per_source > 0 && same >= l->o->max_per_source ?
	    WORKER_TOO_MANY_OF_SOURCE :
	    WORKER_SERVE;
}

/* A child says by its errno that it cannot wait. */
static void
note_child_failure(struct listener *l, const void *message)
{
	struct failure text;
	int error;

	memcpy(&error, message, sizeof(error));
	failure_set(&text, EX_OSERR, "epoll: %s; this child cannot wait", strerror(error));
	note_failure(l, text.text);
}

/*
 * A child has accepted: it says whom, and is told whether to serve.  What comes after that is its
 * end.
 */
static void
hear_child(struct listener *l, int fd)
{
	struct child *c = &l->children[fd];
	char answer = WORKER_SERVE;
	struct address peer;
	ssize_t n = 0;

	if (c->state == CHILD_SERVES || c->state == CHILD_REFUSES ||
	    (n = read(fd, &peer, sizeof(peer))) != (ssize_t)sizeof(peer)) {
		if (n == sizeof(int))
			note_child_failure(l, &peer);
		lose_child(l, fd);
		return;
	}
	source_of(&peer, &c->source);
	if (worker_has_limit(l->o) && c->state == CHILD_WAITS) {
		answer = judge(l, &c->source);
		(void)send(fd, &answer, 1, MSG_NOSIGNAL);
	}
	l->waiting -= c->state == CHILD_WAITS;
	l->leaving -= c->state == CHILD_LEAVES;
	c->state = answer == WORKER_SERVE ? CHILD_SERVES : CHILD_REFUSES;
	l->moved = deadline_now();
	if (hears_late(l))
		grow_up_later(l, fd);
}

static void
hear(struct listener *l, int fd)
{
	if (fd != l->zygote.control) {
		hear_child(l, fd);
		return;
	}
	if (zygote_hear(&l->zygote) == 0)
		return;
	note_failure(l, "the process that makes children has ended; another is made");
	retire_zygote(l);
	l->pause = deadline_after(DEADLINE_PAUSE_MS);
}

/* ---- loop ---- */

static int64_t
next_moment(const struct listener *l)
{
	bool comes = l->zygote.control != -1 && !l->zygote.ready;
	int64_t at = l->zygote.ready ? l->zygote.end : DEADLINE_NEVER;

	if (l->waiting < l->o->idle_children && !comes)
		at = deadline_min(at, l->pause);
	if (l->n_young > 0)
		at = deadline_min(at, l->grown_up);
	if (has_recovered(l))
		at = deadline_min(at, l->failed + LOG_SELDOM_MS);
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
	int fd;

	l->moved = deadline_now();
	while (!is_over(l)) {
		keep_waiting(l);
		if (deadline_wait_event(l->events, next_moment(l), &fd) == 1) {
			hear(l, fd);
			if (keyring_renew(&l->keys, false))
				retire_waiting(l);
		}
		if (l->n_young > 0 && deadline_now() >= l->grown_up)
			hear_young(l);
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
	int r, fd;

	port_close(&l->port);
	daemon_remove_pid(&l->daemon);
	hear_young(l);
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
	    (r = deadline_wait_event(l->events, deadline, &fd)) != DEADLINE_OVER) {
		if (r == 1)
			hear(l, fd);
		hear_young(l);
		reap(l);
	}
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

static int
raise_limit(struct listener *l, struct failure *why)
{
	struct rlimit most;

	if (getrlimit(RLIMIT_NOFILE, &l->files) == -1)
		return failure_set(why, EX_OSERR, "getrlimit: %s", strerror(errno));
	most = l->files;
	most.rlim_cur = most.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &most);
	return 0;
}

/*
 * The keyholder first, while this process is small; then what every child would have to do by
 * itself.
 */
static int
prepare(struct listener *l, struct failure *why)
{
	daemon_take_signals();
	sandbox_keep_orphans();
	if (raise_limit(l, why) == -1)
		return -1;
	if ((l->events = epoll_create1(EPOLL_CLOEXEC)) == -1)
		return failure_set(why, EX_OSERR, "epoll: %s", strerror(errno));
	if (sandbox_prepare(&l->user, l->o->user, l->o->group, why) == -1)
		return -1;
	l->user.off = l->o->no_sandbox;
	sandbox_keep_root(&l->user);
	for (int i = 0; i < l->port.n; i++)
		socket_tune(l->port.fds[i]); /* each connection has it from here */
	if (keyring_open(&l->keys, l->o->no_keyholder ? NULL : l->o->pem,
		l->o->client ? SIGNABLE_CLIENT : SIGNABLE_SERVER, &l->user, why) == -1)
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
	/* What is only tried comes after what stays, or each child's heap has its holes. */
	if (prepare(l, why) == -1 || tls_understand_priority(l->o->priority, why) == -1 ||
	    session_try_tls(l->o, why) == -1)
		return -1;
	return daemon_write_pid(&l->daemon, why);
}

int
listener_run(const struct options *o)
{
	struct listener l = {
		.o = o, .keys = { .current = { .control = -1 } }, .zygote = { .control = -1 }
	};
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
	struct listener l = { .o = o,
		.inherited = true,
		.keys = { .current = { .control = -1 } },
		.zygote = { .control = -1 } };
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
