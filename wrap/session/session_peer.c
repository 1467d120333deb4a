/* The steps that servers and clients share once the process is confined. */

#include "session/session_steps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "parse.h"
#include "service/program_facts.h"
#include "tls/peer.h"
#ifdef INETLS_HOOK
#include "hook.h"
#endif

/* The key must answer this part of --handshake-timeout early, so that the reason can be logged. */
#define KEY_SHARE 16
#define HELLO_MS 1000 /* how long to wait for a peer to be ready for an alert */

/* In client mode the peer is the service, so its faults are failures for the local side. */
static int
local_code(const struct session *s)
{
	return s->o->client ? EX_UNAVAILABLE : EX_OK;
}

/* Tells the program behind -l about the connection. */
static int
start_program(struct session *s)
{
	struct program_facts f = { .client_verified = false };
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
	if (program_start(&s->program, &f, deadline_after(s->o->connect_ms), &s->why) == 0)
		return 0;
	program_leave(&s->program, false);
	if (deadline_stopped())
		return session_finish_why(s, "stopped", "signal", "ended by a signal");
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
	return s->why.code == EX_OK ? session_finish(s, "refused", NULL) :
				      session_finish(s, "backend", "backend");
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
	    (long long)s->o->handshake_timeout_ms);
	return session_finish(s, "handshake", "timeout");
}

/*
 * A client such as libpq may read an alert together with our last bytes in clear, and then miss it.
 * So its ClientHello comes first.
 */
static void
wait_for_hello(const struct session *s)
{
	if (s->o->protocol != NULL)
		(void)deadline_wait_fd(tls_fd_in(s->tls), POLLIN,
		    deadline_min(deadline_after(HELLO_MS), s->handshake_deadline));
}

int
session_shake_hands(struct session *s)
{
	int r, ready;
	bool heard;

	s->speaks_tls = true;
	if (s->handshake_deadline != DEADLINE_NEVER)
		s->keys.deadline = s->handshake_deadline - s->o->handshake_timeout_ms / KEY_SHARE;
	while ((r = tls_handshake(s->tls)) == TLS_WANT_READ || r == TLS_WANT_WRITE) {
		/*
		 * A resumed session needs no signature: tell the keyholder while the peer is busy.
		 */
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
		 * A keyholder that cannot read the PEM says so unasked, so a silent peer does not
		 * hide that error.
		 */
		if (heard)
			keyholder_hear(&s->keys);
		if (s->keys.why.code != EX_OK) {
			wait_for_hello(s);
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
 * The service has reset the connection (for a client: the peer was cut off), so it was not
 * available to the end.
 */
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

/* Whether the peer sent a cancel request inside TLS. */
static bool
was_cancel(const struct session *s)
{
	const struct protocol *p = s->o->protocol;

	return relay_is_ok(&s->relay) && !s->o->client && p != NULL && p->is_cancel != NULL &&
	    s->relay.out == 0 && p->is_cancel(&s->talk.heard, s->relay.in);
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
	const char *result;
	struct relay_setup setup = { .peer = s->tls,
		.peer_in = tls_fd_in(s->tls),
		.peer_out = tls_fd_out(s->tls),
		.plain_in = s->o->client ? STDIN_FILENO : plain,
		.plain_out = s->o->client ? STDOUT_FILENO : plain,
		.idle_ms = s->o->idle_ms,
		.close_ms = s->o->close_ms,
		.until = s->o->max_session_ms == PARSE_OFF ? 0 : s->started + s->o->max_session_ms,
		.plain_closes = !s->o->client,
		.protocol = s->o->client ? NULL : s->o->protocol,
		.heard = &s->talk.heard };

	relay_run(&setup, &s->relay);
	s->relay.out += s->first_out;
	s->relay.in += s->first_in;
	failure_set(&s->why, relay_code(s), "%s", s->relay.reason);
	s->truncated = s->relay.outcome == RELAY_PEER_CUT;
	s->peer_done = relay_is_ok(&s->relay) || s->truncated ||
	    s->relay.outcome == RELAY_PEER_LEFT;
	result = was_cancel(s) ? "cancel" : results[s->relay.outcome];
	return session_finish(s, result, ends[s->relay.first]);
}
