/* A session's steps once it is confined: with the peer, and with the plain side. */

#include "session/session_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"
#include "parse.h"
#include "tls/peer.h"
#include "protocol/pgsql_end.h"
#include "protocol/pgsql_startup.h"
#include "protocol/proxy.h"
#ifdef INETLS_HOOK
#include "hook.h"
#endif

#define HELLO_MS 1000 /* how long a peer may take that is to hear an alert */

/*
 * In client mode the peer is the service, and what it does wrong is a failure of the local side's
 * purpose.
 */
static int
local_code(const struct session *s)
{
	return s->o->client ? EX_UNAVAILABLE : EX_OK;
}

/* What a program behind -l is told. */
static int
start_program(struct session *s)
{
	struct program_facts f = { .protocol = "TLSv" };
	const struct trust_peer *peer = s->trust != NULL ? trust_peer(s->trust) : NULL;
	struct tls_info tls;
	struct address self;

	tls_describe(s->tls, &tls);
	(void)snprintf(f.protocol, sizeof(f.protocol), "TLSv%s", tls.version);
	(void)snprintf(f.cipher, sizeof(f.cipher), "%s", tls.cipher);
	(void)snprintf(f.sni, sizeof(f.sni), "%s", tls.sni);
	if (peer != NULL) {
		(void)snprintf(f.client_subject, sizeof(f.client_subject), "%s", peer->subject);
		(void)snprintf(f.client_issuer, sizeof(f.client_issuer), "%s", peer->issuer);
		(void)snprintf(f.client_sha256, sizeof(f.client_sha256), "%s", peer->fingerprint);
		f.client_verified = s->o->trust.level > TRUST_IGNORE;
	}
	address_get_self(STDIN_FILENO, &self);
	address_words(&s->remote, f.remote_ip, f.remote_port);
	address_words(&self, f.local_ip, f.local_port);
	if (program_start(&s->program, &f, &s->why) == 0)
		return 0;
	return session_finish(s, "backend", "backend");
}

int
session_connect_backend(struct session *s)
{
	if (s->o->program != NULL)
		return start_program(s);
	if (backend_connect(&s->backend, deadline_after(s->o->connect_ms), &s->why) == 0)
		return 0;
	if (deadline_stopped())
		return session_finish_why(s, "stopped", "signal", "ended by a signal");
	return session_finish(s, "backend", "backend");
}

/* In clear, so that nobody has shown a certificate. */
static int
pass_cancel(struct session *s)
{
	if (s->o->trust.level >= TRUST_REQUIRED)
		return session_finish_why(s, "refused", NULL,
		    "a CancelRequest in clear, and a certificate is required (-v); "
		    "PQcancelBlocking of libpq 17 cancels inside TLS");
	deadline_watch_end();
	if (session_connect_backend(s) == -1 || session_announce_peer(s) == -1)
		return -1;
	if (pgsql_pass_cancel(s->backend.fd, s->hello.packet, s->hello.len,
		deadline_after(s->o->connect_ms)) == -1)
		return session_finish_why(
		    s, "backend", "backend", "the CancelRequest could not be passed on");
	s->relay.in = s->hello.len;
	return session_finish(s, "cancel", "backend");
}

/*
 * The PROXY header, the negotiation and the handshake share one deadline, however slowly the bytes
 * come.  Who is no proxy of ours is not listened to: it could say that it is anybody.
 */
int
session_proxy_header(struct session *s)
{
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_ms);
	session_watch(s);
	if (s->o->proxy_in == NULL)
		return 0;
	if (!proxy_allows(s->o->proxy_in, &s->remote))
		return session_finish_why(s, "refused", NULL, "no address of --proxy-in");
	switch (proxy_read(STDIN_FILENO, s->handshake_deadline, &s->remote)) {
	case PROXY_OK:
		address_format(&s->remote, s->local);
		session_watch(s); /* its line names the peer */
		return 0;
	case PROXY_LOCAL: return 0;
	case PROXY_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	case PROXY_TIMEOUT:
		return session_finish_why(
		    s, "refused", "timeout", "no PROXY header within --handshake-timeout");
	case PROXY_GONE:
		return session_finish_why(
		    s, "refused", NULL, "proxy closed before its PROXY header was whole");
	case PROXY_BAD: break;
	}
	return session_finish_why(s, "refused", NULL, "no well-formed PROXY header");
}

/* Tells the service who the peer is, before anything else. */
int
session_announce_peer(struct session *s)
{
	unsigned char header[PROXY_OUT];
	struct address self;
	size_t n;

	if (s->o->proxy_out == 0)
		return 0;
	address_get_self(STDIN_FILENO, &self);
	n = proxy_write(header, s->o->proxy_out, &s->remote, &self);
	/* A fresh socket takes that little at once. */
	if (write(s->backend.fd, header, n) == (ssize_t)n)
		return 0;
	failure_set(
	    &s->why, EX_UNAVAILABLE, "the PROXY header could not be written: %s", strerror(errno));
	return session_finish(s, "backend", "backend");
}

int
session_negotiate(struct session *s)
{
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_accept(&s->hello, STDIN_FILENO, s->handshake_deadline)) {
	case PGSQL_HANDSHAKE: break;
	case PGSQL_DIRECT:
		tls_require_alpn(s->tls);
		tls_preload(s->tls, s->hello.packet, s->hello.len);
		break;
	case PGSQL_FORWARD: return pass_cancel(s);
	case PGSQL_BEGIN:
	case PGSQL_REFUSED: return session_finish_why(s, "refused", NULL, s->hello.reason);
	case PGSQL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	}
	return 0;
}

/* Client mode: the local program's first words, before anybody is disturbed for it. */
int
session_negotiate_local(struct session *s)
{
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_accept_local(
	    &s->hello, STDIN_FILENO, STDOUT_FILENO, deadline_after(s->o->handshake_ms))) {
	case PGSQL_FORWARD: /* goes through TLS like everything else */
	case PGSQL_BEGIN: return 0;
	case PGSQL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	default: return session_finish_why(s, "refused", NULL, s->hello.reason);
	}
}

/* Where the process is not confined yet, the local program has not been heard yet. */
void
session_tell_local(struct session *s)
{
	int64_t deadline = deadline_after(s->o->connect_ms);
	struct failure why = s->why;
	const char *result = s->result;

	if (!s->o->pgsql || s->first_out > 0)
		return;
	if (!s->confined &&
	    (session_confine(s) == -1 ||
		pgsql_accept_local(&s->hello, STDIN_FILENO, STDOUT_FILENO, deadline) !=
		    PGSQL_BEGIN))
		s->hello.rest = 0;
	s->why = why;
	s->result = result;
	if (s->hello.rest > 0)
		pgsql_tell_local(&s->hello, STDIN_FILENO, STDOUT_FILENO, why.text, deadline);
}

/* Client mode: the server is asked for TLS, in PostgreSQL's way where -n says so. */
int
session_ask_for_tls(struct session *s)
{
	struct pgsql answer = { .len = 0 };

	tls_set_fd(s->tls, s->backend.fd);
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_ms);
	session_watch(s);
	if (!s->o->pgsql)
		return 0;
	switch (pgsql_request_tls(&answer, s->backend.fd, s->handshake_deadline)) {
	case PGSQL_HANDSHAKE: return 0;
	case PGSQL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	default:
		failure_set(&s->why, EX_UNAVAILABLE, "%s", answer.reason);
		return session_finish(s, "handshake", NULL);
	}
}

static int
handshake_over(struct session *s, int how)
{
	if (how == DEADLINE_STOP)
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	if (how == DEADLINE_ERROR) {
		failure_set(&s->why, EX_OSERR, "poll: %s", strerror(errno));
		return session_finish(s, "system", NULL);
	}
	failure_set(&s->why, local_code(s), "%s within --handshake-timeout (%lld ms)",
	    tls_peer_spoke(s->tls) ? "peer did not finish the handshake" : "peer stayed silent",
	    (long long)s->o->handshake_ms);
	return session_finish(s, "handshake", "timeout");
}

int
session_shake_hands(struct session *s)
{
	int r, ready;
	bool heard;

	s->speaks_tls = true;
	while ((r = tls_handshake(s->tls)) == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		/* Who resumes needs no signature: the keyholder hears it while he thinks. */
		if (!s->o->client && tls_is_resumed(s->tls) && tls_flush(s->tls) == 1)
			keyholder_close(&s->keys);
		ready = peer_wait(
		    s->tls, r, keyholder_watched(&s->keys), &heard, s->handshake_deadline);
		if (ready <= 0)
			return handshake_over(s, ready);
#ifdef INETLS_HOOK
		hook_compute();
#endif
		/*
		 * A keyholder that cannot read the PEM says so unasked: not even a silent peer
		 * hides it.
		 */
		if (heard)
			keyholder_hear(&s->keys);
		if (s->keys.why.code != EX_OK) {
			/*
			 * libpq reads an alert that comes right behind our S with it, and then
			 * finds an end where the alert was: first it says its ClientHello.
			 */
			if (s->o->pgsql)
				(void)deadline_wait_fd(tls_fd_in(s->tls), POLLIN,
				    deadline_min(deadline_after(HELLO_MS), s->handshake_deadline));
			break;
		}
	}
	deadline_watch_end();
	keyholder_close(&s->keys);
	if (s->keys.stopped)
		return handshake_over(s, DEADLINE_STOP);
	if (s->keys.why.code != EX_OK) {
		s->why = s->keys.why;
		return session_finish(s, "config", NULL);
	}
	s->handshake_ms = deadline_now() - s->handshake_started;
	if (r != 1) {
		s->peer_done = r == TLS_TRUNCATED;
		failure_set(&s->why, local_code(s), "%s", tls_reason(s->tls));
		return session_finish(s, "handshake", NULL);
	}
	s->established = true;
	return 0;
}

/*
 * A host that is seen for the first time is written down before a byte of the local program goes to
 * it.
 */
int
session_remember_host(struct session *s)
{
	char text[sizeof(s->why.text)];
	int r = trust_remember(s->trust, text, sizeof(text));

	if (r == -1) {
		failure_set(&s->why, EX_UNAVAILABLE, "%s", text);
		return session_finish(s, "handshake", NULL);
	}
	if (r == 1)
		log_line(LEVEL_WARNING, "%s", text);
	else if (s->o->trust.level == TRUST_IGNORE)
		log_line(
		    LEVEL_WARNING, "-v 0: anybody may be at the other end of %s", s->backend.name);
	return 0;
}

/* Client mode: the bytes that the negotiation has read go first. */
int
session_send_first(struct session *s)
{
	if (s->hello.len > 0 &&
	    tls_write(s->tls, s->hello.packet, s->hello.len) != (ssize_t)s->hello.len) {
		failure_set(&s->why, EX_UNAVAILABLE, "%s", tls_reason(s->tls));
		return session_finish(s, "handshake", NULL);
	}
	s->first_out = s->hello.len;
	return 0;
}

/* How the start of a PostgreSQL session has ended, where the relay does not follow. */
static int
startup_over(struct session *s, enum pgsql_passed how)
{
	switch (how) {
	case PGSQL_PASSED: return 0;
	case PGSQL_PASS_ENDED:
		s->relay.outcome = RELAY_STOPPED;
		return session_finish_why(s, "stopped", "signal", "ended by a signal");
	case PGSQL_PASS_LATE:
		s->relay.outcome = RELAY_IDLE;
		return session_finish_why(s, "timeout", "timeout",
		    "local program stood still within its first message, or an answer to it, for "
		    "--handshake-timeout");
	case PGSQL_PASS_DEAF:
		s->relay.outcome = RELAY_PLAIN_RESET;
		failure_set(&s->why, EX_OK, "write to backend: %s", strerror(errno));
		return session_finish(s, "reset", "backend");
	case PGSQL_PASS_CUT: break;
	}
	s->relay.outcome = RELAY_PEER_CUT;
	s->truncated = s->peer_done = true;
	failure_set(&s->why, EX_UNAVAILABLE, "%s", tls_reason(s->tls));
	return session_finish(s, "cut", "peer");
}

/* Client mode: a PostgreSQL session begins with what a program without TLS must not be offered. */
int
session_pass_startup(struct session *s)
{
	struct pgsql_startup p = {
		.tls = s->tls, .fd_in = STDIN_FILENO, .fd_out = STDOUT_FILENO, .rest = s->hello.rest
	};
	enum pgsql_passed how;

	if (p.rest == 0)
		return 0;
	how = pgsql_pass_startup(&p, s->o->handshake_ms);
	s->first_in = s->relay.in = p.in;
	s->first_out += p.out;
	s->relay.out = s->first_out;
	return startup_over(s, how);
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

int
session_relay(struct session *s)
{
	static const char *const ends[] = { [RELAY_END_PEER] = "peer",
		[RELAY_END_PLAIN] = "backend",
		[RELAY_END_TIMEOUT] = "timeout",
		[RELAY_END_SIGNAL] = "signal" };
	static const char *const results[] = { [RELAY_DONE] = "ok",
		[RELAY_PEER_CUT] = "cut",
		[RELAY_PEER_BARE] = "ok",
		[RELAY_PEER_LEFT] = "cut",
		[RELAY_PEER_FAILED] = "protocol",
		[RELAY_PLAIN_RESET] = "reset",
		[RELAY_PLAIN_CLOSED] = "unread",
		[RELAY_IDLE] = "timeout",
		[RELAY_STOPPED] = "stopped",
		[RELAY_BROKEN] = "system" };
	int plain = s->o->program != NULL ? s->program.fd : s->backend.fd;
	struct relay_setup setup = { .peer = s->tls,
		.peer_in = tls_fd_in(s->tls),
		.peer_out = tls_fd_out(s->tls),
		.plain_in = s->o->client ? STDIN_FILENO : plain,
		.plain_out = s->o->client ? STDOUT_FILENO : plain,
		.idle_ms = s->o->idle_ms,
		.close_ms = s->o->close_ms,
		.until = s->o->max_session_ms == PARSE_OFF ? 0 : s->started + s->o->max_session_ms,
		.plain_closes = !s->o->client };

	relay_run(&setup, &s->relay);
	s->relay.out += s->first_out;
	s->relay.in += s->first_in;
	failure_set(&s->why, relay_code(s), "%s", s->relay.reason);
	s->truncated = s->relay.outcome == RELAY_PEER_CUT;
	s->peer_done = s->relay.outcome == RELAY_DONE || s->relay.outcome == RELAY_PEER_BARE ||
	    s->truncated || s->relay.outcome == RELAY_PEER_LEFT;
	return session_finish(s, results[s->relay.outcome], ends[s->relay.first]);
}
