/* GnuTLS behind a small contract: the session and the relay never see it. */

#include "tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <gnutls/abstract.h>

#include "base/address.h"
#include "tls/chain.h"
#include "strength.h"
#include "tls/peerkey.h"
#include "tls/sni.h"
#include "tls/ticket.h"
#include "tls/tls_key.h"
#include "tls/transport.h"
#include "tls/trust.h"

/* Nothing may run before main(): GnuTLS would print to fd 2, which may be the peer. */
GNUTLS_SKIP_GLOBAL_INIT

/*
 * TLS 1.3 and 1.2, AEAD with ECDHE.  AES-128-GCM first, by the server's order: nettle's ChaCha20 is
 * 15 times slower than its AES-GCM where the processor has AES.
 */
#define PRIORITY                                                                               \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:"    \
	"-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE:%NO_TICKETS_TLS12:" STRENGTH_PROFILE ":-GROUP-ALL:"
/* In TLS 1.2 the curve of a client's certificate must be among the groups (RFC 8422, 2.2): P-521.
 */
#define GROUPS "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
#define HYBRID_GROUP "X25519-MLKEM768"
/* A TLS library sends one or two; without a limit a peer could go on for ever, past every timeout.
 */
#define WARNINGS_MAX 8
#define TICKETS 2 /* for a client that uses each once, and comes with two connections */
/*
 * Records without a byte of data between two with: more than an honest peer sends to hide how much
 * it says (RFC 8446, 5.4); OpenSSL takes 32.
 */
#define RECORDS_MAX 1000

/* glibc's; another C library may not have it. */
int malloc_trim(size_t pad) __attribute__((weak));

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct tls_key key;
	struct trust *trust; /* or NULL */
	struct transport transport;
	const char *refused; /* why the peer's chain was, before it was computed with, or NULL */
	bool is_server;
	bool alpn_required;
	const struct ticket_session *last; /* that it may resume, or NULL */
	bool key_shown;                    /* our certificate went to the peer */
	bool established;                  /* the handshake is complete */
	bool closed;                       /* close_notify was said */
	bool bare_end;                     /* as tls_config says */
	bool owes_tickets;                 /* they go with what is said next */
	bool canceled; /* by the peer: GnuTLS lets nothing through any more, either way */
	bool stuck;    /* GnuTLS has a part of a record that could not be pushed */
	bool renegotiates, declined; /* the peer's new ClientHello is coming; one was taken away */
	bool owes_refusal;           /* of a renegotiation */
	int warnings;                /* that the peer sent since its last byte of data */
	int error;                   /* of GnuTLS, of the last call that failed */
	char asked[SNI_MAX];         /* by the client's SNI, or "" */
	char reason[400];
};

int
tls_init(struct failure *why)
{
	int r = gnutls_global_init();

	if (r == GNUTLS_E_SUCCESS)
		return 0;
	return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
}

void
tls_wash_environment(void)
{
	for (char **e = environ; *e != NULL;)
		if (strncmp(*e, "GNUTLS_", 7) == 0 || strncmp(*e, "SSLKEYLOGFILE=", 14) == 0)
			for (char **p = e; (p[0] = p[1]) != NULL; p++)
				continue;
		else
			e++;
}

const char *
tls_library_version(void)
{
	return gnutls_check_version(NULL);
}

/*
 * GnuTLS asks only when a handshake needs a certificate, which a resumed one does not, and
 * sometimes more than once.
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

/* What the process's sessions take: understood once, by a listener for all of its children. */
static gnutls_priority_t understood;

/* Whether a priority string says itself how strong a peer's chain must be. */
static bool
names_profile(const char *priority)
{
	return strstr(priority, "%PROFILE_") != NULL || strstr(priority, "SUITEB") != NULL;
}

/*
 * at is the item of the string that GnuTLS stumbled over.  What stands behind its own first word,
 * or is one that only it has, is meant for it: then this one is too old, or was built without.
 */
static int
refuse_priority(const char *priority, const char *at, struct failure *why)
{
	if (at > priority || strncmp(at, "+GROUP-", 7) == 0)
		return failure_set(why, EX_USAGE,
		    "-C \"%s\": this GnuTLS, %s, does not know \"%.*s\"; leave it out", priority,
		    tls_library_version(), (int)strcspn(at, ":"), at);
	return failure_set(why, EX_USAGE,
	    "-C \"%s\": not a GnuTLS priority string from \"%s\" on; an OpenSSL cipher "
	    "list means nothing here: leave -C out, or write e.g. NORMAL:-VERS-ALL:+VERS-TLS1.3",
	    priority, at);
}

int
tls_understand_priority(const char *priority, struct failure *why)
{
	char text[2048];
	const char *at = NULL;
	int n, r;

	if (understood != NULL)
		return 0;
	/*
	 * Naming a group that the library does not know makes the whole string fail, so it is asked
	 * first.  No string of the user's switches tickets on for TLS 1.2, where who has the master
	 * key could read what went by, nor RSA key exchange, for which a key in another process
	 * has no answer; and what it says of suites leaves peers' chains as strong as without it.
	 */
	if (priority != NULL)
		n = snprintf(text, sizeof(text), "%s:%%NO_TICKETS_TLS12:-RSA%s", priority,
		    names_profile(priority) ? "" : ":" STRENGTH_PROFILE);
	else
		n = snprintf(text, sizeof(text), "%s%s%s", PRIORITY,
		    gnutls_group_get_id(HYBRID_GROUP) != GNUTLS_GROUP_INVALID ?
			"+GROUP-" HYBRID_GROUP ":" :
			"",
		    GROUPS);
	if ((size_t)n >= sizeof(text))
		return failure_set(
		    why, EX_USAGE, "-C: a priority string of more than %zu bytes", sizeof(text));
	r = gnutls_priority_init(&understood, text, &at);
	if (r == GNUTLS_E_SUCCESS)
		return 0;
	understood = NULL;
	if (priority == NULL)
		return failure_set(why, EX_CONFIG,
		    "the system's crypto policy leaves nothing of our priorities: %s",
		    gnutls_strerror(r));
	return refuse_priority(priority,
	    at != NULL && at < text + strlen(priority) ? priority + (at - text) : priority, why);
}

static int
set_alpn(struct tls *t, const struct tls_config *c, struct failure *why)
{
	gnutls_datum_t alpn;
	int r;

	if (c->alpn == NULL)
		return 0;
	alpn.data = (unsigned char *)(uintptr_t)c->alpn;
	alpn.size = (unsigned)strlen(c->alpn);
	if ((r = gnutls_alpn_set_protocols(t->session, &alpn, 1, GNUTLS_ALPN_MANDATORY)) < 0)
		return failure_set(why, EX_SOFTWARE, "ALPN: %s", gnutls_strerror(r));
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

/* GnuTLS asks before some reads whether one would block; the answer is read's own. */
static int
pull_timeout(gnutls_transport_ptr_t t, unsigned ms)
{
	(void)t;
	(void)ms;
	return 1;
}

/* A peer that must name the protocol and does not is refused with the alert that RFC 7301 gives. */
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

/* Called before GnuTLS looks at what is in a message. */
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

static int
set_keys(struct tls *t, const struct tls_config *c, struct failure *why)
{
	int r = gnutls_certificate_allocate_credentials(&t->credentials);

	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "credentials: %s", gnutls_strerror(r));
	/* The match of key and certificate costs a signature; --check and certgen look at it. */
	gnutls_certificate_set_flags(t->credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	tls_key_init(&t->key, c->keys);
	if (c->keys != NULL)
		gnutls_certificate_set_retrieve_function3(t->credentials, retrieve);
	return 0;
}

/* GnuTLS keeps the key of the server's tickets. */
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
 * A client's last session, if its server would be trusted today: GnuTLS asks nobody about one that
 * is resumed.  Data that GnuTLS does not take costs a full handshake.
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
	if (tls_understand_priority(c->priority, why) == -1)
		return -1;
	(void)gnutls_priority_set(t->session, understood);
	if (set_alpn(t, c, why) == -1 || set_resumption(t, c, why) == -1)
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
	t->refused = NULL;
	t->owes_tickets = c->ticket_key != NULL;
	t->stuck = t->renegotiates = t->declined = t->owes_refusal = false;
	t->warnings = 0;
	t->error = GNUTLS_E_SUCCESS;
	t->asked[0] = t->reason[0] = '\0';
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
	/* An address is no name (RFC 6066, 3), and who refuses a name refuses the client. */
	if (address_parse_scoped(c->sni, &ip) == ADDRESS_NONE && sni_is_accepted(c->sni))
		(void)gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, c->sni, strlen(c->sni));
	return t;
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

int
tls_fd_in(const struct tls *t)
{
	return t->transport.fd_in;
}

int
tls_fd_out(const struct tls *t)
{
	return t->transport.fd_out;
}

void
tls_preload(struct tls *t, const void *data, size_t n)
{
	transport_preload(&t->transport, data, n);
}

bool
tls_peer_spoke(const struct tls *t)
{
	return t->transport.started;
}

void
tls_require_alpn(struct tls *t)
{
	t->alpn_required = true;
}

/*
 * The alert that the peer sent, or -1.  An OpenSSL client that refuses our certificate says so in
 * the clear, since it has not come as far as to encrypt, where GnuTLS expects a ciphertext and
 * cannot decrypt it.
 */
static int
peer_alert(const struct tls *t, int error)
{
	static const unsigned char head[] = { 0x15, 0x03, 0x03, 0x00, 0x02 };
	const unsigned char *record = transport_last(&t->transport, sizeof(head) + 2);

	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return (int)gnutls_alert_get(t->session);
	if (error == GNUTLS_E_DECRYPTION_FAILED && record != NULL &&
	    memcmp(record, head, sizeof(head)) == 0)
		return record[sizeof(head) + 1];
	return -1;
}

static bool
is_about_certificate(int alert)
{
	return alert == GNUTLS_A_UNKNOWN_CA || alert == GNUTLS_A_BAD_CERTIFICATE ||
	    alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_CERTIFICATE_EXPIRED;
}

/*
 * Whether the peer may have left because of our certificate.  A server of TLS 1.3 refuses a
 * client's when the client takes the handshake for complete.  Some say no alert, but close.
 */
static bool
may_refuse_ours(const struct tls *t, int error, int alert)
{
	return t->key_shown &&
	    (is_about_certificate(alert) ||
		(!t->established && error == GNUTLS_E_PREMATURE_TERMINATION));
}

/* What no peer could do with a certificate of ours that TLS cannot use, or NULL. */
static const char *
own_fault(const struct tls *t, int error, int alert)
{
	bool may_be = !t->established &&
	    (alert != -1 || error == GNUTLS_E_NO_CIPHER_SUITES ||
		error == GNUTLS_E_PREMATURE_TERMINATION);

	return may_be ? tls_key_fault(&t->key) : NULL;
}

/*
 * Before the handshake is complete the same errors have other causes, and the cause is what is
 * asked for.
 */
static const char *
handshake_reason(const struct tls *t, int error, int alert)
{

	if (t->refused != NULL)
		return t->refused;
	if (t->trust != NULL && trust_reason(t->trust)[0] != '\0')
		return trust_reason(t->trust);
	/* The record types that can come first are alert and handshake (RFC 8446, 5.1). */
	if (t->transport.started && t->transport.first != 0x15 && t->transport.first != 0x16)
		return "peer does not speak TLS";
	if (error == GNUTLS_E_PREMATURE_TERMINATION)
		return t->transport.started ? "peer closed during the handshake" :
					      "peer closed before the handshake";
	if (error == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
		return "peer offers no TLS version that is allowed here";
	if (error == GNUTLS_E_NO_CIPHER_SUITES || error == GNUTLS_E_NO_COMMON_KEY_SHARE)
		return "peer offers no cipher suite or group that is allowed here";
	if (error == GNUTLS_E_CERTIFICATE_REQUIRED || error == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return "peer shows no certificate, and one is required (-v)";
	if (error == GNUTLS_E_NO_APPLICATION_PROTOCOL)
		return "peer did not ask for our protocol by ALPN; stunnel and -c need protocol = pgsql or -n pgsql as well";
	if (alert == GNUTLS_A_DECRYPT_ERROR)
		return "peer rejected our signature; run --check";
	if (alert == GNUTLS_A_CERTIFICATE_EXPIRED)
		return "peer says that a certificate has expired, and none of ours has: is its "
		       "clock right, or its copy old?";
	if (is_about_certificate(alert))
		return "peer does not trust our certificate; give it the .crt, or a CA that issued ours";
	return NULL;
}

static void
set_reason(struct tls *t, int error)
{
	int alert = peer_alert(t, error);
	const char *known = t->established ? NULL : handshake_reason(t, error, alert), *fault;
	const char *name = alert == -1 ? NULL :
					 gnutls_alert_get_name((gnutls_alert_description_t)alert);

	t->error = error;
	/* Before the peer is blamed. */
	if ((fault = own_fault(t, error, alert)) != NULL) {
		(void)snprintf(t->reason, sizeof(t->reason), "our certificate: its %s", fault);
		return;
	}
	if (may_refuse_ours(t, error, alert) &&
	    tls_key_is_outdated(&t->key, t->reason, sizeof(t->reason)))
		return;
	if (error == GNUTLS_E_RECEIVED_DISALLOWED_NAME)
		(void)snprintf(t->reason, sizeof(t->reason),
		    "peer calls us %s, and SNI takes letters, digits, - and . alone; let it use "
		    "another name or the address, or say sslsni=0",
		    t->asked);
	else if (known != NULL)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", known);
	else if (alert != -1)
		(void)snprintf(t->reason, sizeof(t->reason), "peer's alert: %s",
		    name != NULL ? name : "unknown");
	else if (error == GNUTLS_E_PULL_ERROR || error == GNUTLS_E_PUSH_ERROR)
		(void)snprintf(t->reason, sizeof(t->reason), "%s: %s",
		    error == GNUTLS_E_PULL_ERROR ? "read from peer" : "write to peer",
		    strerror(errno));
	else if (error == GNUTLS_E_PREMATURE_TERMINATION)
		(void)snprintf(t->reason, sizeof(t->reason), "peer closed without close_notify");
	else if (error == GNUTLS_E_WARNING_ALERT_RECEIVED)
		(void)snprintf(t->reason, sizeof(t->reason), "peer sends nothing but warnings");
	else if (error == GNUTLS_E_TOO_MANY_EMPTY_PACKETS)
		(void)snprintf(
		    t->reason, sizeof(t->reason), "peer sends nothing but empty records");
	else if (error == GNUTLS_E_REHANDSHAKE)
		(void)snprintf(t->reason, sizeof(t->reason), "peer asked for renegotiation");
	else
		(void)snprintf(t->reason, sizeof(t->reason), "%s", gnutls_strerror(error));
}

/* What a GnuTLS result other than a count means to our callers. */
static int
outcome(struct tls *t, int error)
{
	if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED)
		return gnutls_record_get_direction(t->session) ? TLS_WANT_WRITE : TLS_WANT_READ;
	/* The end inside a record is the same cut as the end between two. */
	if (t->transport.eof && error == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)
		error = GNUTLS_E_PREMATURE_TERMINATION;
	set_reason(t, error);
	if (error == GNUTLS_E_PREMATURE_TERMINATION || error == GNUTLS_E_PULL_ERROR ||
	    error == GNUTLS_E_PUSH_ERROR)
		return TLS_TRUNCATED;
	return TLS_FAILED;
}

/* A warning that the peer may send; a TLS library sends one or two. */
static bool
is_passing(struct tls *t, int error)
{
	return error == GNUTLS_E_WARNING_ALERT_RECEIVED && ++t->warnings <= WARNINGS_MAX;
}

/* Whether record after record came without a byte of data. */
static bool
is_empty_flood(const struct tls *t)
{
	return t->transport.records > t->transport.records_max;
}

/*
 * What needs no answer, as a KeyUpdate or a part of a handshake message, makes GnuTLS say AGAIN
 * while the next record is here already: the socket may have nothing more to wait for.
 */
static bool
has_more(const struct tls *t, ssize_t r)
{
	return r == GNUTLS_E_AGAIN && !is_empty_flood(t) &&
	    gnutls_record_get_direction(t->session) == 0 && transport_pending(&t->transport);
}

int
tls_handshake(struct tls *t)
{
	int r;

	transport_turn(&t->transport);
	do
		r = gnutls_handshake(t->session);
	while ((r < 0 && is_passing(t, r)) || has_more(t, r));
	if (r != GNUTLS_E_SUCCESS)
		return outcome(t, r);
	/* Into how many records its messages are cut is the peer's choice; the clock limits it. */
	t->transport.records = 0;
	t->transport.records_max = RECORDS_MAX;
	t->transport.keeps_end = t->bare_end;
	t->established = true;
	return 1;
}

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
 * A client's ClientHello stays in front of what follows until a handshake takes it.  So one is
 * begun, which ends with what lets GnuTLS's session go on, data of the peer, before anything is
 * computed.  It has to be the only one: GnuTLS takes another for an unexpected message.
 */
static ssize_t
refuse_renegotiation(struct tls *t)
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
	if (++t->warnings > WARNINGS_MAX)
		return GNUTLS_E_REHANDSHAKE;
	t->owes_refusal = true;
	return GNUTLS_E_AGAIN;
}

static ssize_t
receive(struct tls *t, void *data, size_t n)
{
	ssize_t r = GNUTLS_E_REHANDSHAKE;

	if (!t->renegotiates)
		r = gnutls_record_recv(t->session, data, n);
	if (r == GNUTLS_E_UNEXPECTED_PACKET && t->declined)
		return GNUTLS_E_REHANDSHAKE;
	return r == GNUTLS_E_REHANDSHAKE ? refuse_renegotiation(t) : r;
}

/*
 * Java closes with user_canceled, then close_notify (its close() means both flows).  It is as
 * authentic as close_notify, and GnuTLS takes it for a fatal alert: it would not hand out the
 * close_notify behind it.
 */
ssize_t
tls_read(struct tls *t, void *data, size_t n)
{
	ssize_t r;

	transport_turn(&t->transport);
	do
		r = receive(t, data, n);
	while ((r < 0 && is_passing(t, (int)r)) || has_more(t, r));
	if (r > 0) {
		t->warnings = 0;
		t->transport.records = 0;
	}
	if (r == GNUTLS_E_AGAIN && is_empty_flood(t))
		r = GNUTLS_E_TOO_MANY_EMPTY_PACKETS;
	if (r == GNUTLS_E_AGAIN && t->transport.keeps_end && tls_ended_bare(t))
		return 0;
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED &&
	    gnutls_alert_get(t->session) == GNUTLS_A_USER_CANCELED) {
		t->canceled = true;
		return 0;
	}
	return r >= 0 ? r : outcome(t, (int)r);
}

bool
tls_ended_bare(const struct tls *t)
{
	return t->transport.eof && !transport_within_record(&t->transport);
}

bool
tls_pending(const struct tls *t)
{
	return transport_pending(&t->transport);
}

/*
 * Tickets go in front of the first bytes that the peer has a reason to read: with the handshake's
 * own they would lie unread where a peer writes and closes, and its kernel answers what is unread
 * by a reset, which destroys what it wrote.  A failure costs the peer a full handshake later.
 */
static int
send_tickets(struct tls *t)
{
	int r = 0;

	if (t->owes_tickets && gnutls_protocol_get_version(t->session) == GNUTLS_TLS1_3)
		r = gnutls_session_ticket_send(t->session, TICKETS, 0);
	if (r == GNUTLS_E_AGAIN)
		return r;
	t->owes_tickets = false;
	return 0;
}

ssize_t
tls_write(struct tls *t, const void *data, size_t n)
{
	ssize_t r = send_tickets(t);

	if (r == 0)
		r = gnutls_record_send(t->session, data, n);
	t->stuck = r == GNUTLS_E_AGAIN;
	if (r == GNUTLS_E_INVALID_SESSION && t->canceled) {
		errno = EPIPE;
		r = GNUTLS_E_PUSH_ERROR;
	}
	return r >= 0 ? r : outcome(t, (int)r);
}

int
tls_flush(struct tls *t)
{
	int r = transport_flush(&t->transport);

	/* Between the halves of a record there is no room for it. */
	if (r == 0 && t->owes_refusal && !t->stuck && !t->closed) {
		t->owes_refusal = false;
		(void)gnutls_alert_send(t->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
		r = transport_flush(&t->transport);
	}
	switch (r) {
	case 0: return 1;
	case 1: return TLS_WANT_WRITE;
	default: return outcome(t, GNUTLS_E_PUSH_ERROR);
	}
}

int
tls_close(struct tls *t)
{
	int r;

	if (t->closed || t->canceled)
		return 1; /* GnuTLS would say it again, or could not */
	if ((r = send_tickets(t)) != 0 ||
	    (r = gnutls_bye(t->session, GNUTLS_SHUT_WR)) != GNUTLS_E_SUCCESS)
		return outcome(t, r);
	t->closed = true;
	return 1;
}

void
tls_abort(struct tls *t)
{
	int alert = GNUTLS_A_INTERNAL_ERROR, level = GNUTLS_AL_FATAL;

	if (t->error != GNUTLS_E_SUCCESS)
		alert = gnutls_error_to_alert(t->error, &level);
	/*
	 * GnuTLS has no answer of its own to this; in TLS 1.3 it is another error (RFC
	 * 5246, 7.4.6).
	 */
	if (t->error == GNUTLS_E_NO_CERTIFICATE_FOUND)
		alert = GNUTLS_A_HANDSHAKE_FAILURE;
	/* Without a key it is no fault of the peer's. */
	if (t->key.holder != NULL && t->key.holder->why.code != EX_OK)
		alert = GNUTLS_A_INTERNAL_ERROR;
	if (t->error == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	    t->error == GNUTLS_E_TOO_MANY_EMPTY_PACKETS ||
	    t->error == GNUTLS_E_GOT_APPLICATION_DATA)
		alert = GNUTLS_A_UNEXPECTED_MESSAGE;
	if (!t->established && t->trust != NULL && trust_alert(t->trust) != -1)
		alert = trust_alert(t->trust);
	(void)gnutls_alert_send(t->session, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert);
}

static void
copy_name(char *out, size_t size, const char *name)
{
	(void)snprintf(out, size, "%s", name != NULL ? name : "");
}

/* What the server showed: in this handshake, or in the one that it goes back to. */
static size_t
shown_chain(const struct tls *t, unsigned char *out, size_t size)
{
	unsigned n = 0;
	const gnutls_datum_t *der;

	if (!tls_is_resumed(t)) {
		der = gnutls_certificate_get_peers(t->session, &n);
		return der != NULL ? chain_pack(der, n, out, size) : 0;
	}
	if (t->last == NULL || t->last->chain_len > size)
		return 0;
	memcpy(out, t->last->chain, t->last->chain_len);
	return t->last->chain_len;
}

void
tls_remember(const struct tls *t, const struct ticket_session *file)
{
	unsigned char chain[TICKET_CHAIN_MAX];
	size_t n = shown_chain(t, chain, sizeof(chain));
	gnutls_datum_t data = { NULL, 0 };

	if (n == 0 || (gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
	    gnutls_session_get_data2(t->session, &data) < 0)
		return;
	ticket_session_save(file, chain, n, data.data, data.size);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
}

bool
tls_is_resumed(const struct tls *t)
{
	return gnutls_session_is_resumed(t->session) != 0;
}

void
tls_describe(const struct tls *t, struct tls_info *out)
{
	size_t len = sizeof(out->sni) - 1;
	gnutls_datum_t alpn;
	const char *version;
	unsigned type;

	memset(out, 0, sizeof(*out));
	version = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));
	copy_name(out->version, sizeof(out->version),
	    version != NULL && strncmp(version, "TLS", 3) == 0 ? version + 3 : version);
	copy_name(out->cipher, sizeof(out->cipher),
	    gnutls_cipher_get_name(gnutls_cipher_get(t->session)));
	copy_name(
	    out->group, sizeof(out->group), gnutls_group_get_name(gnutls_group_get(t->session)));
	if (gnutls_alpn_get_selected_protocol(t->session, &alpn) == GNUTLS_E_SUCCESS)
		(void)snprintf(
		    out->alpn, sizeof(out->alpn), "%.*s", (int)alpn.size, (char *)alpn.data);
	if (gnutls_server_name_get(t->session, out->sni, &len, &type, 0) != GNUTLS_E_SUCCESS)
		out->sni[0] = '\0';
	out->resumed = tls_is_resumed(t);
}

void
tls_rest(struct tls *t)
{
	transport_rest(&t->transport);
	if (malloc_trim != NULL)
		(void)malloc_trim(0);
}

const char *
tls_reason(const struct tls *t)
{
	return t->reason;
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
