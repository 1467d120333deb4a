/*
 * One connection.  Everything that needs a path or a privilege is done before the door; not one
 * byte of the peer is read before it; the service hears of the peer only after the handshake.  This
 * is the only place that turns a failure into a log line and an exit code.
 */

#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "deadline.h"
#include "hook.h"
#include "log.h"
#include "peer.h"
#include "pgsql_end.h"
#include "report.h"
#include "session_steps.h"
#include "socket.h"
#include "zygote.h"

int
session_finish(struct session *s, const char *result, const char *end)
{
	s->result = result;
	s->end = end;
	return -1;
}

int
session_finish_why(struct session *s, const char *result, const char *end, const char *reason)
{
	failure_set(&s->why, EX_OK, "%s", reason);
	return session_finish(s, result, end);
}

/* The HUP that makes a listener read its files again is not for its sessions. */
static void
take_signals(const struct options *o)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };

	deadline_let_in(ending, o->listening ? 3 : 4, NULL);
	if (o->listening)
		(void)signal(SIGHUP, SIG_IGN);
}

static int
begin(struct session *s)
{
	s->started = deadline_now();
	take_signals(s->o);
	address_get_peer(STDIN_FILENO, &s->remote);
	address_format(&s->remote, s->local);
	if (socket_unblock(STDIN_FILENO, O_RDONLY) == -1 ||
	    socket_unblock(STDOUT_FILENO, O_WRONLY) == -1) {
		failure_set(&s->why, EX_OSERR, "fd 0 or 1: %s", strerror(errno));
		return session_finish(s, "system", NULL);
	}
	socket_tune(STDIN_FILENO);
	if (s->o->client)
		socket_arm(STDIN_FILENO);
	return 0;
}

/* The same for a connection that was waited for; what it is tuned to it has from its listener. */
static void
begin_late(struct session *s)
{
	s->waits = false;
	s->started = deadline_now();
	address_format(&s->remote, s->local);
	if (s->o->client)
		socket_arm(STDIN_FILENO);
}

static int
say_begin(struct session *s)
{
	log_line(LEVEL_INFO, "begin peer=%s", s->local);
#ifdef INETLS_HOOK
	hook_misbehave(s->backend.sockets[0]);
#endif
	return 0;
}

/*
 * Whether close_notify would be the truth: the service's end was a clean one, or the peer was told.
 */
static bool
ends_clean(struct session *s)
{
	if (!s->established)
		return false;
	if (s->backend.fd == -1 && s->program.fd == -1)
		return s->o->pgsql &&
		    pgsql_tell_unavailable(s->tls, s->why.text, deadline_after(s->o->connect_ms));
	return s->relay.outcome == RELAY_DONE || s->relay.outcome == RELAY_PEER_BARE ||
	    s->relay.outcome == RELAY_PLAIN_CLOSED;
}

static void
say_goodbye(struct session *s)
{
	keyholder_close(&s->keys);
	if (s->established && s->last.fd != -1)
		tls_remember(s->tls, &s->last);
	if (s->speaks_tls)
		peer_last_words(s->tls, ends_clean(s));
	if (s->o->client && s->backend.fd == -1)
		return;
	if (!s->peer_done)
		peer_leave(s->o->client ? s->backend.fd : STDIN_FILENO,
		    s->o->client ? s->backend.fd : STDOUT_FILENO);
}

/* The plain side sees a clean end only where the peer said so. */
static void
leave_plain(struct session *s)
{
	int64_t deadline = deadline_after(s->o->close_ms);

	program_leave(&s->program,
	    s->relay.outcome == RELAY_DONE || s->relay.outcome == RELAY_PEER_BARE ||
		s->relay.outcome == RELAY_PEER_LEFT);
	switch (s->relay.outcome) {
	case RELAY_PEER_BARE: /* the peer has not said it */
	case RELAY_PEER_CUT:
	case RELAY_PEER_FAILED:
	case RELAY_IDLE:
	case RELAY_STOPPED:
	case RELAY_BROKEN:
		if (s->o->client)
			socket_abort(STDOUT_FILENO, deadline);
		else
			backend_abort(&s->backend, deadline);
		break;
	default:
		if (s->o->client)
			socket_release(STDIN_FILENO);
		backend_close(&s->backend);
	}
}

struct report
session_report(const struct session *s)
{
	/*
	 * Some PostgreSQL drivers never say close_notify: there a cut is nothing to be warned of.
	 */
	bool warn = s->truncated && !s->o->pgsql;
	struct report r = { .level = s->why.code != EX_OK ? LEVEL_ERR :
		    warn                                  ? LEVEL_WARNING :
							    LEVEL_NOTICE,
		.result = s->result,
		.reason = s->why.text,
		.peer = s->o->client ? s->backend.name : s->local,
		.backend = s->o->client   ? s->local :
		    s->o->program != NULL ? s->o->program :
					    s->backend.name,
		.source = s->backend.source,
		.client = !s->o->client && s->trust != NULL ? trust_peer(s->trust) : NULL,
		.tls = s->established ? s->tls : NULL,
		.end = s->end,
		.truncated = s->truncated,
		.in = s->relay.in,
		.out = s->relay.out,
		.handshake_ms = s->handshake_ms,
		.total_ms = deadline_now() - s->started };

	return r;
}

typedef int step(struct session *);

/* The order of a session. */
static step *const opening_early[] = { session_find_user, session_start_keyholder, NULL };
static step *const opening_late[] = { session_open_backend, session_start_tls, session_close_door,
	NULL };
static step *const as_server[] = { say_begin, session_proxy_header, session_front_door,
	session_shake_hands, session_connect_backend, session_announce_peer, session_relay, NULL };
static step *const as_client[] = { say_begin, session_local_door, session_connect_backend,
	session_ask_for_tls, session_shake_hands, session_remember_host, session_send_first,
	session_pass_startup, session_relay, NULL };

/* Until one has finished the session.  Whether none has. */
static bool
take(struct session *s, step *const *steps)
{
	for (; *steps != NULL; steps++)
		if ((*steps)(s) == -1)
			return false;
	return true;
}

/* Whether fd 0 is what inetd gives; a person who typed the command learns what to type instead. */
static int
check_stdin(const struct options *o)
{
	socklen_t len = sizeof(int);
	int type;

	if (o->client && log_stdin_was_open())
		return EX_OK; /* a pipe or a terminal serves too */
	if (!log_stdin_was_open() ||
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == -1) {
		log_line(LEVEL_ERR,
		    "fd 0 is not a socket: inetls-wrap is started by inetd, xinetd, systemd or "
		    "tcpserver for each connection; to listen itself give -d [host:]port; see inetls-wrap -h");
		return EX_USAGE;
	}
	return EX_OK;
}

static void
init(struct session *s, const struct options *o, int channel)
{
	*s = (struct session){ .o = o,
		.channel = channel,
		.listener = -1,
		.keys = { .fd = -1 },
		.program = { .fd = -1, .control = -1 },
		.last = { .fd = -1 } };
	backend_init(&s->backend);
}

static int
conclude(struct session *s, bool opened)
{
	struct report r;

	deadline_watch_end();
	deadline_end_stop();
	if (s->o->client)
		session_tell_local(s, opened);
	say_goodbye(s);
	leave_plain(s);
	r = session_report(s);
	report_write(&r);
	/* Our end need not wait until the kernel has taken this process down. */
	if (!s->o->client && s->relay.outcome == RELAY_DONE)
		(void)shutdown(STDOUT_FILENO, SHUT_WR);
	return s->why.code;
}

int
session_serve(const struct options *o, int channel)
{
	struct session s;
	int code = check_stdin(o);
	bool opened;

	if (code != EX_OK)
		return code;
	init(&s, o, channel);
	opened = begin(&s) == 0 && take(&s, opening_early) && take(&s, opening_late);
	if (opened)
		(void)take(&s, o->client ? as_client : as_server);
	return conclude(&s, opened);
}

bool
session_can_wait(const struct options *o)
{
	return !o->client && o->program == NULL;
}

/* What was opened for all gives way to what is this one's; and it forks no more. */
static int
accept_gift(struct session *s, const struct zygote_gift *g)
{
	int highest = g->control > g->channel ? g->control : g->channel;

	if (s->keys.own == NULL)
		keyholder_adopt(&s->keys, g->channel);
	for (int i = 0, n = 0; n < g->n && i < ADDRESS_MAX; i++) {
		int fd = s->backend.sockets[i];

		if (fd == -1)
			continue;
		(void)dup2(g->sockets[n], fd);
		(void)close(g->sockets[n++]);
		if (fd > highest)
			highest = fd;
	}
	if (sandbox_fork_no_more(&s->sandbox, highest, &s->why) == 0)
		return 0;
	return session_finish(s, "config", NULL);
}

/* Goes on in each process that is to be a session.  0, or -1 in one that is none. */
static int
multiply(struct session *s, const struct session_start *start, bool *opened)
{
	int families[ADDRESS_MAX], n = 0;
	struct zygote_gift g;

	for (int i = 0; i < s->backend.addresses.n; i++)
		if (s->backend.sockets[i] != -1)
			families[n++] = s->backend.addresses.at[i].sa.ss_family;
	if (s->keys.own == NULL)
		keyholder_close(&s->keys);
	if (start->multiply(start->context, families, n, &g) == -1)
		return -1;
	if (accept_gift(s, &g) == -1)
		*opened = false;
	return 0;
}

/* A failure before there is a peer waits for one, to be logged with it. */
int
session_serve_next(const struct session_start *start)
{
	bool waits = session_can_wait(start->o);
	const char *refused = NULL;
	struct session s;
	bool opened;

	init(&s, start->o, start->channel);
	s.listener = start->listener;
	s.sandbox = *start->user;
	s.waits = true;
	take_signals(s.o);
	opened = take(&s, opening_early) && (!waits || take(&s, opening_late));
	if (waits && multiply(&s, start, &opened) == -1)
		return EX_OK;
	if (start->take(start->context, &s.remote, &refused) == -1)
		return EX_OK;
	begin_late(&s);
	if (refused != NULL) {
		s.peer_done = true;
		opened = session_finish_why(&s, "refused", NULL, refused) == 0;
	}
	if (opened && !waits)
		opened = take(&s, opening_late);
	if (opened)
		(void)take(&s, s.o->client ? as_client : as_server);
	return conclude(&s, opened);
}
