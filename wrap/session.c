/*
 * One connection.  Everything that needs a path or a privilege is done before the door; not one byte of the
 * peer is read before it; the service hears of the peer only after the handshake.  This is the only place
 * that turns a failure into a log line and an exit code.
 */

#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "deadline.h"
#include "keyholder.h"
#include "peer.h"
#include "pgsql.h"
#include "pgsql_end.h"
#include "relay.h"
#include "report.h"
#include "sandbox.h"
#include "socket.h"
#include "tls.h"
#include "trust.h"

struct session {
	const struct options *o;
	struct backend backend;
	struct sandbox sandbox;
	struct keyholder keys;
	int channel; /* to a listener's keyholder, or -1 */
	struct tls *tls;
	struct pgsql door;
	struct relay_result relay;
	struct failure why;
	const char *result;   /* the word of the log line */
	const char *end;      /* who ended first, or NULL */
	bool speaks_tls;      /* the handshake has begun: what the peer gets now is TLS */
	bool established;     /* and is complete */
	size_t first_bytes;   /* client mode: sent before the relay began */
	bool cancel;          /* the peer sent a CancelRequest, which is in door.packet */
	bool truncated;       /* the peer was cut off */
	bool peer_done;       /* nothing more can come from the peer, so there is nothing to drain */
	struct trust *trust;  /* who the peer must be, or NULL */
	char local[ADDRESS_TEXT]; /* the other end of fd 0 */
	int64_t started, handshake_started, handshake_ms, handshake_deadline;
};

/* Ends the session with a result; the next step is not taken. */
static int
finish(struct session *s, const char *result, const char *end)
{
	s->result = result;
	s->end = end;
	return -1;
}

static int
finish_why(struct session *s, const char *result, const char *end, const char *reason)
{
	failure_set(&s->why, EX_OK, "%s", reason);
	return finish(s, result, end);
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
	address_of_peer(STDIN_FILENO, s->local);
	if (socket_unblock(STDIN_FILENO, O_RDONLY) == -1 || socket_unblock(STDOUT_FILENO, O_WRONLY) == -1) {
		failure_set(&s->why, EX_OSERR, "fd 0 or 1: %s", strerror(errno));
		return finish(s, "system", NULL);
	}
	socket_tune(STDIN_FILENO);
	return 0;
}

static int
open_backend(struct session *s)
{
	return backend_open(&s->backend, s->o, &s->why) == 0 ? 0 : finish(s, "config", NULL);
}

/* Forked as early and as small as can be; a listener's session has a channel to its keyholder. */
static int
start_keyholder(struct session *s)
{
	int r = 0;

	if (s->o->pem == NULL)
		return 0; /* a client that shows no certificate */
	if (s->o->no_keyholder)
		r = keyholder_none(&s->keys, s->o->pem);
	else if (s->channel != -1)
		keyholder_adopt(&s->keys, s->channel);
	else
		r = keyholder_start(&s->keys, s->o->pem, &s->sandbox);
	if (r == 0)
		return 0;
	s->why = s->keys.why;
	return finish(s, "config", NULL);
}

static int
find_user(struct session *s)
{
	if (sandbox_prepare(&s->sandbox, s->o->user, s->o->group, &s->why) == -1)
		return finish(s, "config", NULL);
	s->sandbox.off = s->o->no_sandbox;
	return 0;
}

/* Files of CA certificates and known hosts are read now. */
static int
start_tls(struct session *s)
{
	struct tls_config c = { .keys = s->o->pem != NULL ? &s->keys : NULL, .priority = s->o->priority,
		.alpn = s->o->pgsql ? PGSQL_ALPN : NULL, .sni = s->o->trust.host };

	if (tls_init(&s->why) == -1)
		return finish(s, "config", NULL);
	if (s->o->client || s->o->trust.level != TRUST_UNSET) {
		if ((s->trust = trust_load(&s->o->trust, &s->why)) == NULL)
			return finish(s, "config", NULL);
		c.trust = s->trust;
	}
	s->tls = s->o->client ? tls_client(&c, &s->why) : tls_server(&c, STDIN_FILENO, STDOUT_FILENO, &s->why);
	return s->tls != NULL ? 0 : finish(s, "config", NULL);
}

static int
close_door(struct session *s)
{
	char root[ADDRESS_TEXT];
	uint16_t ports[ADDRESS_MAX];
	struct sandbox_door d = { .root = root, .connectable = s->backend.sockets, .ports = ports,
		.n = s->backend.addresses.n, .highest_fd = s->keys.fd, .writes_file = log_is_file() };
	int hosts = s->trust != NULL ? trust_fd(s->trust) : -1;

	for (int i = 0; i < d.n; i++) {
		ports[i] = address_port(&s->backend.addresses.at[i]);
		if (s->backend.sockets[i] > d.highest_fd)
			d.highest_fd = s->backend.sockets[i];
	}
	d.keeps_record = hosts != -1;
	if (hosts > d.highest_fd)
		d.highest_fd = hosts;
	backend_root(&s->backend, root, sizeof(root));
	if (s->o->no_sandbox || s->o->no_keyholder)
		log_line(LEVEL_WARNING, "for debugging only:%s%s", s->o->no_sandbox ? " --no-sandbox" : "",
		    s->o->no_keyholder ? " --no-keyholder" : "");
	if (sandbox_close_door(&s->sandbox, &d, &s->why) == -1)
		return finish(s, "config", NULL);
	if (s->sandbox.change_user)
		backend_entered_root(&s->backend);
	log_line(LEVEL_INFO, "begin peer=%s", s->local);
	return 0;
}

/* In client mode the peer is the service, and what it does wrong is a failure of the local side's purpose. */
static int
local_code(const struct session *s)
{
	return s->o->client ? EX_UNAVAILABLE : EX_OK;
}

/* The front door and the handshake share one deadline, however slowly the bytes come. */
static int
front_door(struct session *s)
{
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_ms);
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_accept(&s->door, STDIN_FILENO, s->handshake_deadline)) {
	case PGSQL_HANDSHAKE:
		break;
	case PGSQL_DIRECT:
		tls_require_alpn(s->tls);
		tls_preload(s->tls, s->door.packet, s->door.len);
		break;
	case PGSQL_FORWARD:
		s->cancel = true;
		break;
	case PGSQL_BEGIN:
	case PGSQL_REFUSED:
		return finish_why(s, "refused", NULL, s->door.reason);
	case PGSQL_STOPPED:
		return finish_why(s, "handshake", "signal", "ended by a signal");
	}
	return 0;
}

/* Client mode: the local program's first words, before anybody is disturbed for it. */
static int
local_door(struct session *s)
{
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_accept_local(&s->door, STDIN_FILENO, STDOUT_FILENO, deadline_after(s->o->handshake_ms))) {
	case PGSQL_FORWARD:
		s->cancel = true;
		return 0;
	case PGSQL_BEGIN:
		return 0;
	case PGSQL_STOPPED:
		return finish_why(s, "handshake", "signal", "ended by a signal");
	default:
		return finish_why(s, "refused", NULL, s->door.reason);
	}
}

/* Client mode: the server is asked for TLS, in PostgreSQL's way where -n says so. */
static int
ask_for_tls(struct session *s)
{
	struct pgsql answer = { .len = 0 };

	tls_set_fd(s->tls, s->backend.fd);
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_ms);
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_request_tls(&answer, s->backend.fd, s->handshake_deadline)) {
	case PGSQL_HANDSHAKE:
		return 0;
	case PGSQL_STOPPED:
		return finish_why(s, "handshake", "signal", "ended by a signal");
	default:
		failure_set(&s->why, EX_UNAVAILABLE, "%s", answer.reason);
		return finish(s, "handshake", NULL);
	}
}

static int
handshake_over(struct session *s, int how)
{
	char text[128];

	if (how == DEADLINE_STOP)
		return finish_why(s, "handshake", "signal", "ended by a signal");
	if (how == DEADLINE_ERROR) {
		failure_set(&s->why, EX_OSERR, "poll: %s", strerror(errno));
		return finish(s, "system", NULL);
	}
	(void)snprintf(text, sizeof(text), "%s within --handshake-timeout (%lld ms)",
	    tls_peer_spoke(s->tls) ? "peer did not finish the handshake" : "peer stayed silent",
	    (long long)s->o->handshake_ms);
	return finish_why(s, "handshake", "timeout", text);
}

static int
shake_hands(struct session *s)
{
	int r, ready;
	bool heard;

	s->speaks_tls = true;
	while ((r = tls_handshake(s->tls)) == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		ready = peer_wait(s->tls, r, keyholder_watched(&s->keys), &heard, s->handshake_deadline);
		if (ready <= 0)
			return handshake_over(s, ready);
		/* A keyholder that cannot read the PEM says so unasked: not even a silent peer hides it. */
		if (heard)
			keyholder_hear(&s->keys);
		if (s->keys.why.code != EX_OK)
			break;
	}
	keyholder_close(&s->keys);
	if (s->keys.why.code != EX_OK) {
		s->why = s->keys.why;
		return finish(s, "config", NULL);
	}
	s->handshake_ms = deadline_now() - s->handshake_started;
	if (r != 1) {
		s->peer_done = r == TLS_TRUNCATED;
		failure_set(&s->why, local_code(s), "%s", tls_reason(s->tls));
		return finish(s, "handshake", NULL);
	}
	s->established = true;
	return 0;
}

/* A host that is seen for the first time is written down before a byte of the local program goes to it. */
static int
remember_host(struct session *s)
{
	char text[sizeof(s->why.text)];
	int r = trust_remember(s->trust, text, sizeof(text));

	if (r == -1) {
		failure_set(&s->why, EX_UNAVAILABLE, "%s", text);
		return finish(s, "handshake", NULL);
	}
	if (r == 1)
		log_line(LEVEL_WARNING, "%s", text);
	else if (s->o->trust.level == TRUST_IGNORE)
		log_line(LEVEL_WARNING, "-v 0: anybody may be at the other end of %s", s->backend.name);
	return 0;
}

/* Client mode: the bytes that the door has read go first. */
static int
send_first(struct session *s)
{
	if (s->door.len > 0 && tls_write(s->tls, s->door.packet, s->door.len) != (ssize_t)s->door.len)
		return finish_why(s, "handshake", NULL, tls_reason(s->tls));
	s->first_bytes = s->door.len;
	return 0;
}

static int
connect_backend(struct session *s)
{
	if (backend_connect(&s->backend, deadline_after(s->o->connect_ms), &s->why) == 0)
		return 0;
	return finish(s, "backend", "backend");
}

/* A service that resets, or as a client's peer is cut off, was not available to the end. */
static int
relay_code(const struct session *s)
{
	enum relay_outcome o = s->relay.outcome;

	if (o == RELAY_BROKEN)
		return EX_OSERR;
	if (o == RELAY_PLAIN_RESET)
		return s->o->client ? EX_OK : EX_UNAVAILABLE;
	return o == RELAY_PEER_CUT || o == RELAY_PEER_FAILED ? local_code(s) : EX_OK;
}

static int
relay(struct session *s)
{
	static const char *const ends[] = { [RELAY_END_PEER] = "peer", [RELAY_END_PLAIN] = "backend",
		[RELAY_END_TIMEOUT] = "timeout", [RELAY_END_SIGNAL] = "signal" };
	static const char *const results[] = { [RELAY_DONE] = "ok", [RELAY_PEER_CUT] = "cut",
		[RELAY_PEER_LEFT] = "cut", [RELAY_PEER_FAILED] = "protocol", [RELAY_PLAIN_RESET] = "reset",
		[RELAY_PLAIN_CLOSED] = "unread", [RELAY_IDLE] = "timeout", [RELAY_STOPPED] = "stopped",
		[RELAY_BROKEN] = "system" };
	struct relay_setup setup = { .peer = s->tls, .peer_in = tls_fd_in(s->tls), .peer_out = tls_fd_out(s->tls),
		.plain_in = s->o->client ? STDIN_FILENO : s->backend.fd,
		.plain_out = s->o->client ? STDOUT_FILENO : s->backend.fd, .idle_ms = s->o->idle_ms,
		.close_ms = s->o->close_ms };

	relay_run(&setup, &s->relay);
	s->relay.out += s->first_bytes;
	failure_set(&s->why, relay_code(s), "%s", s->relay.reason);
	s->truncated = s->relay.outcome == RELAY_PEER_CUT;
	s->peer_done = s->relay.outcome == RELAY_DONE || s->truncated || s->relay.outcome == RELAY_PEER_LEFT;
	return finish(s, results[s->relay.outcome], ends[s->relay.first]);
}

/* Whether close_notify would be the truth: the service's end was a clean one, or the peer was told. */
static bool
ends_clean(struct session *s)
{
	if (!s->established)
		return false;
	if (s->backend.fd == -1)
		return s->o->pgsql && pgsql_tell_unavailable(s->tls, s->why.text, deadline_after(s->o->connect_ms));
	return s->relay.outcome == RELAY_DONE || s->relay.outcome == RELAY_PLAIN_CLOSED;
}

static int
pass_cancel(struct session *s)
{
	if (connect_backend(s) == -1)
		return -1;
	if (pgsql_pass_cancel(s->backend.fd, s->door.packet, s->door.len, deadline_after(s->o->connect_ms)) == -1)
		return finish_why(s, "backend", "backend", "the CancelRequest could not be passed on");
	s->relay.in = s->door.len;
	return finish(s, "cancel", "backend");
}

static void
say_goodbye(struct session *s)
{
	keyholder_close(&s->keys);
	if (s->speaks_tls)
		peer_last_words(s->tls, ends_clean(s));
	if (s->o->client && s->backend.fd == -1)
		return;
	if (!s->peer_done)
		peer_leave(s->o->client ? s->backend.fd : STDIN_FILENO, s->o->client ? s->backend.fd : STDOUT_FILENO);
}

/* The plain side sees a clean end only where the peer said so. */
static void
leave_plain(struct session *s)
{
	int64_t deadline = deadline_after(s->o->close_ms);

	switch (s->relay.outcome) {
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
		backend_close(&s->backend);
	}
}

static void
report(const struct session *s)
{
	/* Some PostgreSQL drivers never say close_notify: there a cut is nothing to be warned of. */
	bool warn = s->truncated && !s->o->pgsql;
	struct report r = { .level = s->why.code != EX_OK ? LEVEL_ERR : warn ? LEVEL_WARNING : LEVEL_NOTICE,
		.result = s->result, .reason = s->why.text, .peer = s->o->client ? s->backend.name : s->local,
		.backend = s->o->client ? s->local : s->backend.name, .source = s->backend.source,
		.client = s->established && !s->o->client && s->trust != NULL ? trust_peer(s->trust) : NULL, .tls = s->established ? s->tls : NULL, .end = s->end,
		.truncated = s->truncated, .in = s->relay.in, .out = s->relay.out, .handshake_ms = s->handshake_ms,
		.total_ms = deadline_now() - s->started };

	report_write(&r);
}

/* Client mode: fd 0 and 1 are the plain side, and the peer is where -r leads. */
static void
run_client(struct session *s)
{
	if (local_door(s) == -1 || connect_backend(s) == -1 || ask_for_tls(s) == -1 || shake_hands(s) == -1 ||
	    remember_host(s) == -1 || send_first(s) == -1)
		return;
	(void)relay(s);
}

/* Step by step; each either goes on or has finished the session. */
static void
run(struct session *s)
{
	if (begin(s) == -1 || find_user(s) == -1 || start_keyholder(s) == -1 || open_backend(s) == -1 ||
	    start_tls(s) == -1 || close_door(s) == -1)
		return;
	if (s->o->client) {
		run_client(s);
		return;
	}
	if (front_door(s) == -1)
		return;
	if (s->cancel) {
		(void)pass_cancel(s);
		return;
	}
	if (shake_hands(s) == -1 || connect_backend(s) == -1)
		return;
	(void)relay(s);
}

/* Whether fd 0 is what inetd gives; a person who typed the command learns what to type instead. */
static int
check_stdin(const struct options *o)
{
	socklen_t len = sizeof(int);
	int listening = 0;

	if (o->client && log_stdin_was_open())
		return EX_OK; /* a pipe or a terminal serves too */
	if (!log_stdin_was_open() || getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == -1) {
		log_line(LEVEL_ERR, "fd 0 is not a socket: inetls-wrap is started by inetd, xinetd, systemd or "
		    "tcpserver for each connection; to listen itself give -d [host:]port; see inetls-wrap -h");
		return EX_USAGE;
	}
	if (listening) {
		log_line(LEVEL_ERR, "fd 0 is a listening socket: write nowait in inetd.conf, wait = no in xinetd.d, "
		    "Accept=yes in the systemd socket");
		return EX_CONFIG;
	}
	return EX_OK;
}

int
session_serve(const struct options *o, int channel)
{
	struct session s = { .o = o, .channel = channel, .keys = { .fd = -1 } };
	int code = check_stdin(o);

	if (code != EX_OK)
		return code;
	backend_init(&s.backend);
	run(&s);
	say_goodbye(&s);
	leave_plain(&s);
	report(&s);
	return s.why.code;
}
