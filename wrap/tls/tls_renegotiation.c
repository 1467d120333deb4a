/*
 * Refuses a peer that wants to renegotiate (TLS 1.2); the session goes on as it is.  GnuTLS leaves
 * that to its caller.
 */

#include "tls/tls_state.h"

#define RECORD_HANDSHAKE 22 /* RFC 5246, 6.2.1 */

static int
decline(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *message)
{
	struct tls *t = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	(void)incoming;
	(void)message;
	t->declined = true;
	return GNUTLS_E_GOT_APPLICATION_DATA;
}

static ssize_t
owe_refusal(struct tls *t)
{
	if (++t->warnings > TLS_WARNINGS_MAX)
		return GNUTLS_E_REHANDSHAKE;
	t->owes_refusal = true;
	return GNUTLS_E_AGAIN;
}

/*
 * The client's ClientHello stays at the front of what GnuTLS has read until a handshake takes it.
 * So begin a handshake, and end it before anything is computed, by the one error after which
 * GnuTLS's session can go on: data from the peer.
 */
static ssize_t
refuse(struct tls *t)
{
	int r = GNUTLS_E_AGAIN;

	if (t->is_server) {
		t->renegotiates = true;
		gnutls_handshake_set_hook_function(
		    t->session, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_PRE, decline);
		r = gnutls_handshake(t->session);
		if (!t->declined)
			return r;
		t->renegotiates = false;
	}
	return owe_refusal(t);
}

/*
 * For GnuTLS the handshake that was ended goes on.  Therefore it drops the next ClientHello as a
 * message that it did not expect; its session can go on after that too.
 */
static bool
was_dropped(const struct tls *t, ssize_t error)
{
	return t->declined && error == GNUTLS_E_UNEXPECTED_PACKET &&
	    t->transport.type == RECORD_HANDSHAKE;
}

ssize_t
tls_receive(struct tls *t, void *data, size_t n)
{
	ssize_t r = GNUTLS_E_REHANDSHAKE;

	if (!t->renegotiates)
		r = gnutls_record_recv(t->session, data, n);
	if (was_dropped(t, r))
		return owe_refusal(t);
	return r == GNUTLS_E_REHANDSHAKE ? refuse(t) : r;
}
