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
#include "pgsql.h"
#include "relay.h"
#include "sandbox.h"
#include "socket.h"
#include "tls.h"

#define DRAIN_MS 1000 /* how long a peer may take to read our last words */

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
	bool cancel;          /* the peer sent a CancelRequest, which is in door.packet */
	bool truncated;       /* the peer was cut off */
	bool peer_done;       /* nothing more can come from the peer, so there is nothing to drain */
	char peer[ADDRESS_TEXT];
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

static void
on_signal(int signal)
{
	(void)signal; /* its arrival is what counts: ppoll returns */
}

/* The signals that ask a session to end are let in only where it waits, so that no other call sees one. */
static void
take_signals(const struct options *o)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	struct sigaction act = { .sa_handler = on_signal };
	sigset_t block;

	(void)sigemptyset(&block);
	(void)sigemptyset(&act.sa_mask);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		/* The HUP that makes a listener read its files again is not for its sessions. */
		act.sa_handler = ending[i] == SIGHUP && o->listening ? SIG_IGN : on_signal;
		(void)sigaction(ending[i], &act, NULL);
		(void)sigaddset(&block, ending[i]);
	}
	act.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &act, NULL);
	(void)sigprocmask(SIG_SETMASK, &block, NULL);
}

static int
begin(struct session *s)
{
	s->started = deadline_now();
	take_signals(s->o);
	address_of_peer(STDIN_FILENO, s->peer);
	if (fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK) == -1 || fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK) == -1) {
		failure_set(&s->why, EX_OSERR, "fcntl: %s", strerror(errno));
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

static int
start_tls(struct session *s)
{
	struct tls_config c = { .keys = &s->keys, .priority = s->o->priority,
		.alpn = s->o->pgsql ? PGSQL_ALPN : NULL };

	if (tls_init(&s->why) == 0)
		s->tls = tls_server(&c, STDIN_FILENO, STDOUT_FILENO, &s->why);
	return s->tls != NULL ? 0 : finish(s, "config", NULL);
}

static int
close_door(struct session *s)
{
	char root[ADDRESS_TEXT];
	uint16_t ports[ADDRESS_MAX];
	struct sandbox_door d = { .root = root, .connectable = s->backend.sockets, .ports = ports,
		.n = s->backend.addresses.n, .highest_fd = s->keys.fd, .writes_file = log_is_file() };

	for (int i = 0; i < d.n; i++) {
		ports[i] = address_port(&s->backend.addresses.at[i]);
		if (s->backend.sockets[i] > d.highest_fd)
			d.highest_fd = s->backend.sockets[i];
	}
	backend_root(&s->backend, root, sizeof(root));
	if (s->o->no_sandbox || s->o->no_keyholder)
		log_line(LEVEL_WARNING, "for debugging only:%s%s", s->o->no_sandbox ? " --no-sandbox" : "",
		    s->o->no_keyholder ? " --no-keyholder" : "");
	if (sandbox_close_door(&s->sandbox, &d, &s->why) == -1)
		return finish(s, "config", NULL);
	if (s->sandbox.change_user)
		backend_entered_root(&s->backend);
	log_line(LEVEL_INFO, "begin peer=%s", s->peer);
	return 0;
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
	case PGSQL_REFUSED:
		return finish_why(s, "refused", NULL, s->door.reason);
	case PGSQL_STOPPED:
		return finish_why(s, "handshake", "signal", "ended by a signal");
	}
	return 0;
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

/*
 * Flushes TLS and waits for what a call wanted: > 0 to try again, or DEADLINE_*.  A keyholder that cannot
 * read the PEM says so unasked, so that not even a silent peer hides it.
 */
static int
wait_for_tls(struct session *s, int wanted, int64_t deadline)
{
	struct pollfd p[3] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = -1, .events = POLLOUT },
		{ .fd = keyholder_watched(&s->keys), .events = POLLIN } };
	int flushed = tls_flush(s->tls), ready;

	/* A failed flush shows itself in the next call. */
	if (flushed == TLS_WANT_WRITE || wanted == TLS_WANT_WRITE)
		p[1].fd = STDOUT_FILENO;
	if (flushed == 1 && wanted == TLS_WANT_WRITE)
		return 1;
	ready = deadline_wait(p, 3, deadline);
	if (ready > 0 && p[2].revents != 0)
		keyholder_hear(&s->keys);
	return ready;
}

static int
shake_hands(struct session *s)
{
	int r, ready;

	s->speaks_tls = true;
	while ((r = tls_handshake(s->tls)) == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		if ((ready = wait_for_tls(s, r, s->handshake_deadline)) <= 0)
			return handshake_over(s, ready);
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
		return finish_why(s, "handshake", NULL, tls_reason(s->tls));
	}
	s->established = true;
	return 0;
}

static int
connect_backend(struct session *s)
{
	if (backend_connect(&s->backend, deadline_after(s->o->connect_ms), &s->why) == 0)
		return 0;
	return finish(s, "backend", "backend");
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
	struct relay_setup setup = { .peer = s->tls, .peer_in = STDIN_FILENO, .peer_out = STDOUT_FILENO,
		.plain_in = s->backend.fd, .plain_out = s->backend.fd, .idle_ms = s->o->idle_ms,
		.close_ms = s->o->close_ms };

	relay_run(&setup, &s->relay);
	failure_set(&s->why, EX_OK, "%s", s->relay.reason);
	if (s->relay.outcome == RELAY_PLAIN_RESET)
		s->why.code = EX_UNAVAILABLE;
	if (s->relay.outcome == RELAY_BROKEN)
		s->why.code = EX_OSERR;
	s->truncated = s->relay.outcome == RELAY_PEER_CUT;
	s->peer_done = s->relay.outcome == RELAY_DONE || s->truncated || s->relay.outcome == RELAY_PEER_LEFT;
	return finish(s, results[s->relay.outcome], ends[s->relay.first]);
}

/* A CancelRequest goes to the backend as it came; its end is the only answer, as with PostgreSQL itself. */
static int
forward_cancel(struct session *s)
{
	int64_t deadline = deadline_after(s->o->connect_ms);
	char answer[64];

	if (connect_backend(s) == -1)
		return -1;
	/* A fresh socket takes that little at once. */
	if (write(s->backend.fd, s->door.packet, s->door.len) != (ssize_t)s->door.len)
		return finish_why(s, "backend", "backend", "the CancelRequest could not be passed on");
	s->relay.in = s->door.len;
	while (deadline_wait_fd(s->backend.fd, POLLIN, deadline) > 0 &&
	    read(s->backend.fd, answer, sizeof(answer)) > 0)
		continue;
	return finish(s, "cancel", "backend");
}

/* Reads the peer's StartupMessage out of TLS, whole.  Whether it was one. */
static bool
read_startup(struct session *s, int64_t deadline)
{
	unsigned char startup[PGSQL_STARTUP_MAX];
	size_t have = 0, length = PGSQL_HEAD;

	while (have < length) {
		ssize_t n = tls_read(s->tls, startup + have, sizeof(startup) - have);

		if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
			if (wait_for_tls(s, (int)n, deadline) <= 0)
				return false;
			continue;
		}
		if (n <= 0)
			return false;
		have += (size_t)n;
		if (have >= PGSQL_HEAD && pgsql_classify(startup, &length) != PGSQL_STARTUP)
			return false;
	}
	return true;
}

/*
 * psql can show a reason only if it comes as PostgreSQL's ErrorResponse, and only after its StartupMessage
 * was read.  Always 57P03: with any other code pg_isready calls the server well, and libpq's list of hosts
 * stops there.  Whether it was told.
 */
static bool
tell_unavailable(struct session *s)
{
	unsigned char packet[1024];
	size_t length;

	if (!read_startup(s, deadline_after(s->o->connect_ms)))
		return false;
	length = pgsql_error(packet, sizeof(packet), "57P03", "the database behind this TLS port is not available",
	    s->why.text, NULL);
	return tls_write(s->tls, packet, length) == (ssize_t)length;
}

/* Whether close_notify would be the truth: the service's end was a clean one, or the peer was told. */
static bool
ends_clean(struct session *s)
{
	if (!s->established)
		return false;
	if (s->backend.fd == -1)
		return s->o->pgsql && tell_unavailable(s);
	return s->relay.outcome == RELAY_DONE || s->relay.outcome == RELAY_PLAIN_CLOSED;
}

/* Reads and throws away what the peer still sends, until it has ended too. */
static void
drain(int fd, int64_t deadline)
{
	char waste[4096];
	ssize_t n;

	while ((n = read(fd, waste, sizeof(waste))) != 0) {
		if (n == -1 && errno != EAGAIN)
			return;
		if (n == -1 ? deadline_wait_fd(fd, POLLIN, deadline) <= 0 : deadline_now() >= deadline)
			return;
	}
}

/*
 * The last words to the peer: close_notify or a fatal alert.  Closing with unread input would reset the
 * connection and destroy them on their way, hence the drain.
 */
static void
say_goodbye(struct session *s)
{
	int64_t deadline;

	keyholder_close(&s->keys);
	if (s->speaks_tls) {
		if (ends_clean(s))
			(void)tls_close(s->tls);
		else
			tls_abort(s->tls);
		deadline = deadline_after(DRAIN_MS);
		while (tls_flush(s->tls) == TLS_WANT_WRITE)
			if (deadline_wait_fd(STDOUT_FILENO, POLLOUT, deadline) <= 0)
				return;
	}
	if (s->peer_done)
		return;
	(void)shutdown(STDOUT_FILENO, SHUT_WR);
	drain(STDIN_FILENO, deadline_after(DRAIN_MS));
}

/* The service sees a clean end only where the peer said so. */
static void
leave_backend(struct session *s)
{
	switch (s->relay.outcome) {
	case RELAY_PEER_CUT:
	case RELAY_PEER_FAILED:
	case RELAY_IDLE:
	case RELAY_STOPPED:
	case RELAY_BROKEN:
		backend_abort(&s->backend, deadline_after(s->o->close_ms));
		break;
	default:
		backend_close(&s->backend);
	}
}

static void
report(struct session *s)
{
	struct log_record r = { .len = 0 };
	struct tls_info tls = { .resumed = false };
	int level = s->why.code != EX_OK ? LEVEL_ERR : s->truncated && !s->o->pgsql ? LEVEL_WARNING : LEVEL_NOTICE;

	log_field(&r, "result", "%s", s->result);
	log_field(&r, "peer", "%s", s->peer);
	if (s->why.text[0] != '\0')
		log_quoted(&r, "reason", s->why.text);
	log_untrusted(&r, "backend", s->backend.name);
	log_field(&r, "source", "%s", s->backend.source);
	if (s->established)
		tls_describe(s->tls, &tls);
	log_untrusted(&r, "tls", tls.version);
	log_untrusted(&r, "cipher", tls.cipher);
	log_untrusted(&r, "group", tls.group);
	log_field(&r, "resumed", "%s", tls.resumed ? "yes" : "no");
	log_untrusted(&r, "alpn", tls.alpn);
	log_untrusted(&r, "sni", tls.sni);
	log_field(&r, "client", "-");
	log_field(&r, "in", "%llu", (unsigned long long)s->relay.in);
	log_field(&r, "out", "%llu", (unsigned long long)s->relay.out);
	log_field(&r, "handshake_ms", "%lld", (long long)s->handshake_ms);
	log_field(&r, "total_ms", "%lld", (long long)(deadline_now() - s->started));
	log_field(&r, "end", "%s", s->end != NULL ? s->end : "-");
	if (s->truncated)
		log_field(&r, "truncated", "yes");
	log_line(level, "%s", r.text);
}

/* Step by step; each either goes on or has finished the session. */
static void
run(struct session *s)
{
	if (begin(s) == -1 || find_user(s) == -1 || start_keyholder(s) == -1 || open_backend(s) == -1 ||
	    start_tls(s) == -1 || close_door(s) == -1 || front_door(s) == -1)
		return;
	if (s->cancel) {
		(void)forward_cancel(s);
		return;
	}
	if (shake_hands(s) == -1 || connect_backend(s) == -1)
		return;
	(void)relay(s);
}

/* Whether fd 0 is what inetd gives; a person who typed the command learns what to type instead. */
static int
check_stdin(void)
{
	socklen_t len = sizeof(int);
	int listening = 0;

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
	int code = check_stdin();

	if (code != EX_OK)
		return code;
	backend_init(&s.backend);
	run(&s);
	say_goodbye(&s);
	leave_backend(&s);
	report(&s);
	return s.why.code;
}
