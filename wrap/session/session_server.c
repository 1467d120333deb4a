/*
 * A server's own steps: who the peer is, what it asks for before TLS, and what the service or the
 * program is told about it.
 */

#include "session/session_steps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "protocol/proxy.h"
#include "protocol/proxy_list.h"
#include "service/backend_appear.h"

/*
 * PROXY header, negotiation and handshake share one deadline, however slowly the bytes come.  A
 * header is accepted only from the proxies of --proxy-in, since anybody else could claim any
 * address.
 */
int
session_proxy_header(struct session *s)
{
	s->handshake_started = deadline_now();
	s->handshake_deadline = deadline_after(s->o->handshake_timeout_ms);
	session_watch(s);
	if (s->o->proxy_in == NULL)
		return 0;
	if (!proxy_list_allows(s->o->proxy_in, &s->remote))
		return session_finish_why(s, "refused", NULL,
		    "the connection does not come from an address of --proxy-in");
	switch (proxy_read(STDIN_FILENO, s->handshake_deadline, &s->remote)) {
	case PROXY_OK:
		address_format(&s->remote, s->local);
		session_watch(s); /* its log line names the peer */
		return 0;
	case PROXY_LOCAL: return 0;
	case PROXY_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	case PROXY_TIMEOUT:
		return session_finish_why(
		    s, "refused", "timeout", "no PROXY header within --handshake-timeout");
	case PROXY_GONE:
		return session_finish_why(
		    s, "refused", NULL, "proxy closed before its PROXY header was complete");
	case PROXY_BAD: break;
	}
	return session_finish_why(s, "refused", NULL, "no well-formed PROXY header");
}

/*
 * -T: takes the peer's address towards the service.  A peer whose address is refused is told so in
 * its own protocol, when the service would be connected.
 */
int
session_take_address(struct session *s)
{
	if (s->o->transparent != OPAQUE)
		backend_appear_as(&s->backend, s->o, &s->remote);
	return 0;
}

/* Tells the service the peer's address before anything else. */
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
	/* A new socket's queue has room for that at once. */
	if (write(s->backend.fd, header, n) == (ssize_t)n)
		return 0;
	failure_set(
	    &s->why, EX_UNAVAILABLE, "the PROXY header could not be written: %s", strerror(errno));
	backend_close(&s->backend); /* then the peer is told that there is no service */
	return session_finish(s, "backend", "backend");
}

/*
 * The client has had our greeting, so it must not hear the service's.  If that is not a good one,
 * the service is closed, and the client is told.
 */
int
session_hear_greeting(struct session *s)
{
	const struct protocol *p = s->o->protocol;
	int plain = s->o->program != NULL ? s->program.fd : s->backend.fd;

	if (p == NULL || p->hear_greeting == NULL)
		return 0;
	if (p->hear_greeting(&s->talk, plain, deadline_after(s->o->connect_ms)) == 0)
		return 0;
	program_leave(&s->program, false);
	backend_close(&s->backend);
	if (deadline_stopped())
		return session_finish_why(s, "stopped", "signal", "ended by a signal");
	failure_set(&s->why, EX_UNAVAILABLE, "%s", s->talk.reason);
	return session_finish(s, "backend", "backend");
}

/* Refuses a cancel request in clear if a certificate is required: in clear nobody can show one. */
static int
pass_cancel(struct session *s)
{
	const struct protocol *p = s->o->protocol;

	if (s->o->trust.level >= TRUST_REQUIRED)
		return session_finish_why(s, "refused", NULL, p->cancel_in_clear);
	deadline_watch_end();
	if (session_connect_backend(s) == -1 || session_announce_peer(s) == -1)
		return -1;
	if (p->pass_cancel(&s->talk, s->backend.fd, deadline_after(s->o->connect_ms)) == -1)
		return session_finish_why(s, "backend", "backend", s->talk.reason);
	s->relay.in = s->talk.len;
	return session_finish(s, "cancel", "backend");
}

int
session_negotiate(struct session *s)
{
	if (s->o->protocol == NULL)
		return 0;
	switch (s->o->protocol->negotiate(&s->talk, STDIN_FILENO, s->handshake_deadline)) {
	case PROTOCOL_HANDSHAKE: break;
	case PROTOCOL_DIRECT:
		tls_require_alpn(s->tls);
		tls_preload(s->tls, s->talk.read, s->talk.len);
		break;
	case PROTOCOL_CANCEL: return pass_cancel(s);
	case PROTOCOL_REFUSED: return session_finish_why(s, "refused", NULL, s->talk.reason);
	case PROTOCOL_STOPPED:
		return session_finish_why(s, "handshake", "signal", "ended by a signal");
	}
	return 0;
}
