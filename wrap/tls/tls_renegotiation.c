/*
 * Refuses a peer that wants to renegotiate (TLS 1.2); the session goes on as it is.  GnuTLS leaves
 * that to its caller.
 */

#include "tls/tls_state.h"

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

/*
 * The client's ClientHello stays at the front of what GnuTLS has read until a handshake takes it.
 * So begin a handshake, and end it before anything is computed, by the one error after which
 * GnuTLS's session can go on: data from the peer.  Do this only once: GnuTLS takes a second
 * ClientHello for an unexpected message.
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
	if (++t->warnings > TLS_WARNINGS_MAX)
		return GNUTLS_E_REHANDSHAKE;
	t->owes_refusal = true;
	return GNUTLS_E_AGAIN;
}

ssize_t
tls_receive(struct tls *t, void *data, size_t n)
{
	ssize_t r = GNUTLS_E_REHANDSHAKE;

	if (!t->renegotiates)
		r = gnutls_record_recv(t->session, data, n);
	if (r == GNUTLS_E_UNEXPECTED_PACKET && t->declined)
		return GNUTLS_E_REHANDSHAKE;
	return r == GNUTLS_E_REHANDSHAKE ? refuse(t) : r;
}
