/*
 * Whether to trust the peer: the decision, one check after the other, in a handshake or before a
 * resumed one.
 */

#include "tls/trust.h"

#include <stdio.h>
#include <string.h>

#include "strength.h"
#include "tls/chain.h"
#include "tls/trust_state.h"
#include "tls/validity.h"

/*
 * Refuses a weak key even if it is pinned or known: an attacker who has factored it can pose as the
 * peer.
 */
static int
check_strength(struct trust *t, gnutls_x509_crt_t crt)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);

	if (!strength_is_weak_rsa(algorithm, bits))
		return 0;
	(void)snprintf(t->reason, sizeof(t->reason),
	    "peer's RSA key has %u bits, and at least %d are needed", bits, STRENGTH_RSA_BITS_MIN);
	return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

static bool
is_pinned(const struct trust *t)
{
	for (int i = 0; i < t->c->n_pins; i++)
		if (strcmp(t->c->pins[i], t->peer.pin) == 0)
			return true;
	return false;
}

/* Whether the certificate itself is in the file of -A. */
static bool
is_in_ca_file(const struct trust *t, const gnutls_datum_t *der)
{
	for (unsigned i = 0; i < t->n_pinned; i++)
		if (gnutls_x509_crt_equals2(t->pinned[i], der))
			return true;
	return false;
}

static int
check_pins(struct trust *t, const gnutls_datum_t *der)
{
	bool required = t->c->n_pins > 0 ||
	    (t->c->level == TRUST_PINNED && !trust_wants_known_hosts(t));

	if (!required || is_pinned(t) || (t->c->n_pins == 0 && is_in_ca_file(t, der)))
		return 0;
	(void)snprintf(
	    t->reason, sizeof(t->reason), "peer's key is not pinned: its pin is %s", t->peer.pin);
	return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

static int
check_all(struct trust *t, const struct trust_shown *s, gnutls_x509_crt_t crt)
{
	int r;

	if (t->c->level == TRUST_IGNORE)
		return 0;
	r = check_strength(t, crt);
	if (r == 0 && trust_wants_chain(t))
		r = trust_check_chain(t, s, crt);
	if (r == 0)
		r = check_pins(t, s->der);
	if (r == 0 && trust_wants_known_hosts(t))
		r = trust_check_known_hosts(t);
	return r == 0 && !t->c->client ? trust_check_names(t, crt) : r;
}

static int
look_at(struct trust *t, const struct trust_shown *s)
{
	gnutls_x509_crt_t crt = NULL;
	char fault[64];
	bool early;
	int r;

	if ((r = gnutls_x509_crt_init(&crt)) < 0 ||
	    (r = gnutls_x509_crt_import(crt, s->der, GNUTLS_X509_FMT_DER)) < 0) {
		gnutls_x509_crt_deinit(crt);
		return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, gnutls_strerror(r));
	}
	trust_peer_describe(&t->peer, crt);
	r = check_all(t, s, crt);
	/* A pin does not care about dates, but a saved session must expire some day. */
	if (r == 0 && s->session == NULL && validity_is_over(crt, fault, sizeof(fault), &early))
		r = GNUTLS_E_EXPIRED;
	gnutls_x509_crt_deinit(crt);
	return r;
}

/*
 * Called in the handshake, so that the peer gets the right alert, and no data from us before that.
 */
int
trust_verify(gnutls_session_t session)
{
	struct trust *t = gnutls_db_get_ptr(session);
	struct trust_shown s = { .session = session };

	s.der = gnutls_certificate_get_peers(session, &s.n);
	if (s.der != NULL && s.n > 0)
		return look_at(t, &s);
	return t->c->client ? trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, "peer shows no certificate") :
			      0;
}

bool
trust_holds(struct trust *t, unsigned char *chain, size_t len)
{
	gnutls_datum_t der[CHAIN_MAX];
	struct trust_shown s = { .der = der, .n = chain_unpack(chain, len, der) };
	bool holds = s.n > 0 && look_at(t, &s) == 0 && !t->new_host;

	/* If there will be a full handshake, that reports on the peer. */
	if (!holds) {
		t->peer = (struct trust_peer){ .subject = "" };
		t->reason[0] = '\0';
		t->alert = -1;
		t->new_host = false;
	}
	return holds;
}
