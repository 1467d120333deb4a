/* Sets up a session: credentials, callbacks for GnuTLS, and what it may resume. */

#include "tls/tls.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "tls/peerkey.h"
#include "tls/ticket.h"
#include "tls/tls_state.h"
#include "tls/trust.h"

/*
 * GnuTLS calls this only if a handshake needs a certificate (a resumed one does not), and sometimes
 * more than once.
 */
static int
retrieve(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certs,
    unsigned *n, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_n, gnutls_privkey_t *key,
    unsigned *flags)
{
	struct tls *t = gnutls_session_get_ptr(session);
	int r = tls_key_load(&t->key);

	(void)info;
	if (r < 0)
		return r;
	t->key_shown = true;
	*certs = t->key.chain;
	*n = t->key.chain_len;
	*key = t->key.key;
	*ocsp = NULL;
	*ocsp_n = 0;
	*flags = 0;
	return 0;
}

static ssize_t
pull(gnutls_transport_ptr_t t, void *data, size_t n)
{
	return transport_pull(t, data, n);
}

static ssize_t
push(gnutls_transport_ptr_t t, const void *data, size_t n)
{
	return transport_push(t, data, n);
}

/* Before some reads GnuTLS asks whether data is there.  Say yes: the read itself reports if not. */
static int
pull_timeout(gnutls_transport_ptr_t t, unsigned ms)
{
	(void)t;
	(void)ms;
	return 1;
}

/* Refuses a peer that must ask for the protocol and does not, with the alert of RFC 7301. */
static int
after_client_hello(gnutls_session_t session)
{
	struct tls *t = gnutls_session_get_ptr(session);
	gnutls_datum_t chosen;

	if (t->alpn_required &&
	    gnutls_alpn_get_selected_protocol(session, &chosen) != GNUTLS_E_SUCCESS)
		return GNUTLS_E_NO_APPLICATION_PROTOCOL;
	return GNUTLS_E_SUCCESS;
}

/* Called before GnuTLS looks at a message's contents. */
static int
before_message(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
    const gnutls_datum_t *message)
{
	struct tls *t = gnutls_session_get_ptr(session);
	bool tls13 = gnutls_protocol_get_version(session) == GNUTLS_TLS1_3;

	(void)when;
	if (!incoming)
		return 0;
	if (type == GNUTLS_HANDSHAKE_CLIENT_HELLO)
		sni_asked(message->data, message->size, t->asked);
	if (type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT)
		t->refused = peerkey_refuse(message->data, message->size, tls13);
	return t->refused != NULL ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/*
 * GnuTLS prepares all credentials for many CAs, with 6 kB that nobody uses where no certificate is
 * asked for.  Given back here, they serve the small allocations of the handshake, which would else
 * lie behind its large buffers, on pages of their own.
 */
static void
trust_nobody(gnutls_certificate_credentials_t credentials)
{
	gnutls_x509_trust_list_t small;

	if (gnutls_x509_trust_list_init(&small, 1) == GNUTLS_E_SUCCESS)
		gnutls_certificate_set_trust_list(credentials, small, 0);
}

static int
set_keys(struct tls *t, const struct tls_config *c, struct failure *why)
{
	int r = gnutls_certificate_allocate_credentials(&t->credentials);

	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "credentials: %s", gnutls_strerror(r));
	if (c->trust == NULL)
		trust_nobody(t->credentials);
	/*
	 * To check that key and certificate match would cost a signature; --check and certgen do
	 * it.
	 */
	gnutls_certificate_set_flags(t->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	if (c->keys != NULL)
		gnutls_certificate_set_retrieve_function3(t->credentials, retrieve);
	return 0;
}

static int
set_alpn(struct tls *t, const struct tls_config *c, struct failure *why)
{
	gnutls_datum_t alpn = { NULL, 0 };
	bool has_one = c->alpn != NULL;
	int r;

	t->alpn_missing = c->alpn_missing;
	if (has_one) {
		alpn.data = (unsigned char *)(uintptr_t)c->alpn;
		alpn.size = (unsigned)strlen(c->alpn);
	}
	/* Even if we have none, GnuTLS then refuses a client's list that is malformed. */
	if ((r = gnutls_alpn_set_protocols(
		 t->session, &alpn, has_one, has_one ? GNUTLS_ALPN_MANDATORY : 0)) < 0)
		return failure_set(why, EX_SOFTWARE, "ALPN: %s", gnutls_strerror(r));
	return 0;
}

/* GnuTLS keeps a pointer to the server's ticket key. */
static int
set_resumption(struct tls *t, const struct tls_config *c, struct failure *why)
{
	gnutls_datum_t key = { (unsigned char *)(uintptr_t)c->ticket_key, TICKET_KEY };
	int r = 0;

	if (c->ticket_key != NULL) {
		gnutls_db_set_cache_expiration(t->session, TICKET_LIFE);
		r = gnutls_session_ticket_enable_server(t->session, &key);
	}
	return r == 0 ? 0 : failure_set(why, EX_SOFTWARE, "tickets: %s", gnutls_strerror(r));
}

/*
 * Loads a client's last session if its server would be trusted today: GnuTLS does not ask about a
 * resumed session.  If GnuTLS does not accept the data, that costs a full handshake.
 */
static void
resume_last(struct tls *t, const struct ticket_session *last)
{
	if (last == NULL || last->data == NULL || t->trust == NULL ||
	    !trust_holds(t->trust, last->chain, last->chain_len))
		return;
	t->last = last;
	(void)gnutls_session_set_data(t->session, last->data, last->len);
}

static int
set_session(struct tls *t, const struct tls_config *c, unsigned flags, struct failure *why)
{
	bool resumes = c->ticket_key != NULL || c->resume != NULL;
	int r = gnutls_init(&t->session,
	    flags | GNUTLS_NONBLOCK | GNUTLS_NO_AUTO_SEND_TICKET |
		(resumes ? 0 : GNUTLS_NO_TICKETS));

	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "session: %s", gnutls_strerror(r));
	if (tls_set_priority(t->session, c, why) == -1 || set_alpn(t, c, why) == -1 ||
	    set_resumption(t, c, why) == -1)
		return -1;
	(void)gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE, t->credentials);
	gnutls_session_set_ptr(t->session, t);
	gnutls_transport_set_ptr(t->session, &t->transport);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_push_function(t->session, push);
	gnutls_transport_set_pull_timeout_function(t->session, pull_timeout);
	gnutls_handshake_set_hook_function(
	    t->session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, before_message);
	t->trust = c->trust;
	if (c->trust != NULL && trust_apply(c->trust, t->credentials, t->session, why) == -1)
		return -1;
	resume_last(t, c->resume);
	return 0;
}

static struct tls *
new_tls(const struct tls_config *c, unsigned flags, int fd_in, int fd_out, struct failure *why)
{
	struct tls *t = malloc(sizeof(*t));

	if (t == NULL) {
		failure_set(why, EX_OSERR, "out of memory");
		return NULL;
	}
	t->session = NULL;
	t->credentials = NULL;
	t->last = NULL;
	t->is_server = (flags & GNUTLS_SERVER) != 0;
	t->alpn_required = t->key_shown = t->established = t->closed = t->canceled = false;
	t->bare_end = c->bare_end;
	t->in_clear = c->in_clear;
	t->refused = NULL;
	t->owes_tickets = c->ticket_key != NULL;
	t->stuck = t->renegotiates = t->declined = t->owes_refusal = false;
	t->warnings = 0;
	t->error = GNUTLS_E_SUCCESS;
	t->asked[0] = t->reason[0] = '\0';
	tls_key_init(&t->key, c->keys);
	transport_init(&t->transport, fd_in, fd_out);
	if (set_keys(t, c, why) == 0 && set_session(t, c, flags, why) == 0)
		return t;
	tls_free(t);
	return NULL;
}

struct tls *
tls_server(const struct tls_config *c, int fd_in, int fd_out, struct failure *why)
{
	struct tls *t = new_tls(c, GNUTLS_SERVER, fd_in, fd_out, why);

	if (t == NULL)
		return NULL;
	if (c->trust == NULL)
		gnutls_certificate_server_set_request(t->session, GNUTLS_CERT_IGNORE);
	gnutls_handshake_set_post_client_hello_function(t->session, after_client_hello);
	return t;
}

struct tls *
tls_client(const struct tls_config *c, struct failure *why)
{
	struct tls *t = new_tls(c, GNUTLS_CLIENT, -1, -1, why);
	struct address ip;

	if (t == NULL)
		return NULL;
	/*
	 * An address is not a name (RFC 6066, 3), and servers that refuse the name refuse the
	 * client.
	 */
	if (address_parse_scoped(c->sni, &ip) == ADDRESS_NONE && sni_is_accepted(c->sni))
		(void)gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, c->sni, strlen(c->sni));
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->session != NULL)
		gnutls_deinit(t->session);
	tls_key_free(&t->key);
	if (t->credentials != NULL)
		gnutls_certificate_free_credentials(t->credentials);
	free(t);
}

void
tls_load_key(struct tls *t)
{
	(void)tls_key_load(&t->key);
}

void
tls_set_fd(struct tls *t, int fd)
{
	t->transport.fd_in = t->transport.fd_out = fd;
}

void
tls_preload(struct tls *t, const void *data, size_t n)
{
	transport_preload(&t->transport, data, n);
}

void
tls_require_alpn(struct tls *t)
{
	t->alpn_required = true;
}
