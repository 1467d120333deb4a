/*
 * One connection.  Everything that needs a path or a privilege is done before the process is
 * confined.  No byte from the peer is read before that.  The service hears of the peer only after
 * the handshake.  A step only notes how the session ended; the log line and the exit code are made
 * here.
 */

#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address_kind.h"
#include "base/deadline.h"
#include "base/log.h"
#include "tls/peer.h"
#include "session/report.h"
#include "session/session_steps.h"
#include "base/socket.h"
#ifdef INETLS_HOOK
#include "hook.h"
#endif

/* HUP, the last, makes a listener read its files again; its sessions ignore it. */
static void
take_signals(const struct session *s)
{
	bool is_child = s->start != NULL;
	static const int ending[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };

	deadline_let_in(ending, is_child ? 3 : 4, NULL);
	if (is_child)
		(void)signal(SIGHUP, SIG_IGN);
}

static int
unblock_both(void)
{
	if (log_is_one_socket())
		return fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	return socket_unblock(STDIN_FILENO, O_RDONLY) == -1 ?
	    -1 :
	    socket_unblock(STDOUT_FILENO, O_WRONLY);
}

static int
begin(struct session *s, const struct address *peer)
{
	s->started = deadline_now();
	take_signals(s);
	s->remote = *peer;
	address_format(&s->remote, s->local);
	if (unblock_both() == -1) {
		failure_set(&s->why, EX_OSERR, "fd 0 or 1: %s", strerror(errno));
		return session_finish(s, "system", NULL);
	}
	socket_tune(STDIN_FILENO, !address_is_loopback(&s->remote));
	if (s->o->client)
		socket_arm(STDIN_FILENO);
	return 0;
}

static int
say_begin(struct session *s)
{
	if (s->o->no_sandbox || s->o->no_keyholder)
		log_line(LEVEL_WARNING, "for debugging only:%s%s",
		    s->o->no_sandbox ? " --no-sandbox" : "",
		    s->o->no_keyholder ? " --no-keyholder" : "");
	log_line(LEVEL_INFO, "begin peer=%s", s->local);
#ifdef INETLS_HOOK
	hook_misbehave(s->backend.sockets[0]);
#endif
	return 0;
}

/* Whether close_notify would be true: the service has ended cleanly, or the peer was told. */
static bool
ends_clean(struct session *s)
{
	const struct protocol *p = s->o->protocol;

	if (!s->established)
		return false;
	if (s->backend.fd == -1 && s->program.fd == -1)
		return p != NULL && p->tell_unavailable != NULL &&
		    p->tell_unavailable(
			&s->talk, s->tls, s->why.text, deadline_after(s->o->connect_ms));
	return relay_is_ok(&s->relay) || s->relay.outcome == RELAY_PLAIN_CLOSED;
}

static void
say_goodbye(struct session *s)
{
	keyholder_close(&s->keys);
	if (s->established && s->last.fd != -1)
		tls_remember(s->tls, &s->last);
	if (s->speaks_tls && !peer_last_words(s->tls, ends_clean(s)))
		return; /* and it would not read on */
	if (s->o->client && s->backend.fd == -1)
		return;
	if (!s->peer_done)
		peer_leave(s->o->client ? s->backend.fd : STDIN_FILENO,
		    s->o->client ? s->backend.fd : STDOUT_FILENO);
}

/* Gives the plain side a clean end only if the peer has sent one. */
static void
leave_plain(struct session *s)
{
	int64_t deadline = s->relay.leave_by != 0 ? s->relay.leave_by :
						    deadline_after(s->o->close_ms);

	program_leave(&s->program, relay_is_ok(&s->relay) || s->relay.outcome == RELAY_PEER_LEFT);
	switch (s->relay.outcome) {
	case RELAY_PEER_BARE: /* the peer has not sent close_notify */
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

/* The steps of a session, in order; a step returns -1 when it has ended the session. */

int
session_open(struct session *s)
{
	s->opened = true;
	return session_find_user(s) == 0 && session_start_keyholder(s) == 0 &&
		session_open_backend(s) == 0 && session_start_tls(s) == 0 ?
	    0 :
	    -1;
}

static void
serve_peer(struct session *s)
{
	(void)(say_begin(s) == 0 && session_proxy_header(s) == 0 && session_take_address(s) == 0 &&
	    session_negotiate(s) == 0 && session_shake_hands(s) == 0 &&
	    session_connect_backend(s) == 0 && session_announce_peer(s) == 0 &&
	    session_hear_greeting(s) == 0 && session_relay(s));
}

static void
serve_local_program(struct session *s)
{
	(void)(say_begin(s) == 0 && session_negotiate_local(s) == 0 &&
	    session_connect_backend(s) == 0 && session_ask_for_tls(s) == 0 &&
	    session_shake_hands(s) == 0 && session_remember_host(s) == 0 &&
	    session_send_first(s) == 0 && session_pass_startup(s) == 0 && session_relay(s));
}

/*
 * Whether fd 0 is a connection from inetd; a person who typed the command is told what to type
 * instead.
 */
static int
check_stdin(const struct options *o)
{
	socklen_t len = sizeof(int);
	int type;

	if (log_stdin_was_open() &&
	    getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
		if (type == SOCK_STREAM)
			return EX_OK;
		log_line(LEVEL_ERR,
		    "fd 0 is not a stream socket, which TLS needs: write stream and tcp in inetd.conf, "
		    "socket_type = stream for xinetd, ListenStream= for systemd");
		return EX_USAGE;
	}
	if (o->client && log_stdin_was_open())
		return EX_OK; /* a pipe or a terminal serves too */
	log_line(LEVEL_ERR,
	    "fd 0 is not a socket: inetls-wrap is started by inetd, xinetd, systemd or "
	    "tcpserver for each connection; to listen itself give -d [host:]port; see inetls-wrap -h");
	return EX_USAGE;
}

static void
init(struct session *s, const struct options *o, const struct session_start *start)
{
	*s = (struct session){ .o = o,
		.start = start,
		.talk = { .protocol = o->protocol },
		.keys = { .fd = -1 },
		.program = { .fd = -1, .control = -1 },
		.last = { .fd = -1 } };
	backend_init(&s->backend);
}

/* Ends both sides, writes the log line and returns the exit code. */
static int
conclude(struct session *s)
{
	struct report r;

	deadline_watch_end();
	deadline_end_stop();
	if (s->o->client)
		session_tell_local(s);
	say_goodbye(s);
	leave_plain(s);
	r = session_report(s);
	report_write(&r);
	/*
	 * Close our end now: the peer need not wait until the kernel has cleaned up this process.
	 */
	if (!s->o->client && s->relay.outcome == RELAY_DONE)
		(void)shutdown(STDOUT_FILENO, SHUT_WR);
	return s->why.code;
}

static int
run(struct session *s)
{
	bool ready = s->result == NULL && (s->opened || session_open(s) == 0) &&
	    (s->confined || session_confine(s) == 0);

	if (ready && s->o->client)
		serve_local_program(s);
	else if (ready)
		serve_peer(s);
	return conclude(s);
}

int
session_serve(const struct options *o, const struct address *peer)
{
	struct session s;
	int code = check_stdin(o);

	if (code != EX_OK)
		return code;
	init(&s, o, NULL);
	(void)begin(&s, peer);
	return run(&s);
}

bool
session_can_wait(const struct options *o)
{
	return !o->client && o->program == NULL && o->trust.level == TRUST_UNSET;
}

struct session *
session_new(const struct session_start *start)
{
	struct session *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	init(s, start->o, start);
	s->confine = *start->user;
	s->waits = true;
	take_signals(s);
	return s;
}

/* The listener has already set the connection's socket options. */
int
session_run(struct session *s, const struct address *peer, const char *refused)
{
	s->waits = false;
	s->started = deadline_now();
	s->remote = *peer;
	address_format(&s->remote, s->local);
	if (s->o->client)
		socket_arm(STDIN_FILENO);
	if (refused != NULL) {
		s->peer_done = true;
		failure_set(&s->why, EX_OK, "%s", refused);
		(void)session_finish(s, "refused", NULL);
	}
	return run(s);
}
