/*
 * A client's own steps: the local program is heard first, then the server is asked for TLS and must
 * be known, and only then do bytes of the program go to it.
 */

#include "session/session_steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"
#include "protocol/pgsql_startup.h"

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
