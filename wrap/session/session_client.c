/*
 * A client's own steps.  First the local program must say something, then the server is asked for
 * TLS and must prove its identity; only then does it get bytes of the program.
 */

#include "session/session_steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"
#include "session/session.h"
#include "tls/peer.h"

/*
 * A local program that has begun TLS shows an error only if it comes inside TLS.  One that does not
 * verify its server (sslmode=require) accepts a certificate that proves nothing.
 */
static void
answer_inside_tls(struct session *s, int64_t deadline)
{
	const struct protocol *p = s->o->protocol;
	struct tls_config c = { .priority = s->o->priority, .alpn = p->alpn };
	struct tls *t = tls_server(&c, STDIN_FILENO, STDOUT_FILENO, &s->why);
	bool heard, told;
	int r;

	if (t == NULL || tls_show_nobody(t) == -1) {
		tls_free(t);
		return;
	}
	tls_preload(t, s->talk.read, s->talk.len);
	while ((r = tls_handshake(t)) == TLS_WANT_READ || r == TLS_WANT_WRITE)
		if (peer_wait(t, r, -1, &heard, deadline) <= 0 || deadline_stopped())
			break;
	told = r == 1 && p->tell_direct(&s->talk, t, deadline);
	(void)peer_last_words(t, told);
	peer_leave(STDIN_FILENO, STDOUT_FILENO);
	tls_free(t);
}

/* Client mode: reads the local program's first words before the server is contacted. */
int
session_negotiate_local(struct session *s)
{
	const struct protocol *p = s->o->protocol;
	int64_t deadline = deadline_after(s->o->handshake_timeout_ms);

	if (p == NULL || p->negotiate_local == NULL)
		return 0;
	switch (p->negotiate_local(&s->talk, STDIN_FILENO, STDOUT_FILENO, deadline)) {
	case PROTOCOL_HANDSHAKE: return 0;
	case PROTOCOL_DIRECT:
		answer_inside_tls(s, deadline);
		return session_finish_why(s, "refused", NULL, p->direct);
	case PROTOCOL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	default: return session_finish_why(s, "refused", NULL, s->talk.reason);
	}
}

/* The process is confined first, if it is not: what the local program wants is read only then. */
void
session_tell_local(struct session *s)
{
	const struct protocol *p = s->o->protocol;
	int64_t deadline = deadline_after(s->o->connect_ms);
	struct failure why = s->why;
	const char *result = s->result;

	if (p == NULL || p->tell_local == NULL || s->first_out > 0 || s->first_in > 0)
		return;
	if (!s->confined && session_confine(s) == 0 && p->negotiate_local != NULL)
		(void)p->negotiate_local(&s->talk, STDIN_FILENO, STDOUT_FILENO, deadline);
	s->why = why;
	s->result = result;
	p->tell_local(&s->talk, STDIN_FILENO, STDOUT_FILENO, why.text, deadline);
}

/* Client mode: asks the server for TLS, in the protocol of -n if there is one. */
int
session_ask_for_tls(struct session *s)
{
	tls_set_fd(s->tls, s->backend.fd);
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_timeout_ms);
	session_watch(s);
	if (s->o->protocol == NULL)
		return 0;
	switch (s->o->protocol->ask_for_tls(&s->talk, s->backend.fd, s->handshake_deadline)) {
	case PROTOCOL_HANDSHAKE: return 0;
	case PROTOCOL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	default:
		failure_set(&s->why, EX_UNAVAILABLE, "%s", s->talk.reason);
		return session_finish(s, "handshake", NULL);
	}
}

/*
 * Writes down a host that is seen for the first time, before it gets a byte of the local program.
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
		log_line(LEVEL_WARNING,
		    "-v 0: the server at %s is not verified, and may be anybody", s->backend.name);
	return 0;
}

/* Client mode: sends what the negotiation has read from the local program. */
int
session_send_first(struct session *s)
{
	if (s->talk.len > 0 &&
	    tls_write(s->tls, s->talk.read, s->talk.len) != (ssize_t)s->talk.len) {
		failure_set(&s->why, EX_UNAVAILABLE, "%s", tls_reason(s->tls));
		return session_finish(s, "handshake", NULL);
	}
	if (s->o->protocol != NULL && s->o->protocol->hear != NULL)
		(void)s->o->protocol->hear(&s->talk.heard, s->talk.read, s->talk.len);
	s->first_out = s->talk.len;
	return 0;
}

/* Whether the first messages were passed on so that the relay may follow. */
static int
startup_over(struct session *s, enum protocol_passed how)
{
	switch (how) {
	case PROTOCOL_PASSED: return 0;
	case PROTOCOL_ENDED:
		s->relay.outcome = RELAY_STOPPED;
		return session_finish_why(s, "stopped", "signal", "ended by a signal");
	case PROTOCOL_LATE:
		s->relay.outcome = RELAY_IDLE;
		return session_finish_why(s, "timeout", "timeout",
		    "local program did not finish its first message, or did not read the "
		    "answer, within --handshake-timeout");
	case PROTOCOL_DEAF:
		s->relay.outcome = RELAY_PLAIN_RESET;
		failure_set(&s->why, EX_OK, "write to backend: %s", strerror(errno));
		return session_finish(s, "reset", "backend");
	case PROTOCOL_CUT: break;
	}
	s->relay.outcome = RELAY_PEER_CUT;
	s->truncated = s->peer_done = true;
	failure_set(&s->why, EX_UNAVAILABLE, "%s", tls_reason(s->tls));
	return session_finish(s, "cut", "peer");
}

/*
 * Client mode: changes the server's first messages if they offer what a program without TLS cannot
 * use.
 */
int
session_pass_startup(struct session *s)
{
	struct protocol_start start = {
		.tls = s->tls, .fd_in = STDIN_FILENO, .fd_out = STDOUT_FILENO, .talk = &s->talk
	};
	enum protocol_passed how;

	if (s->o->protocol == NULL || s->o->protocol->pass_start == NULL)
		return 0;
	how = s->o->protocol->pass_start(&start, s->o->handshake_timeout_ms);
	s->first_in = s->relay.in = start.in;
	s->first_out += start.out;
	s->relay.out = s->first_out;
	return startup_over(s, how);
}
