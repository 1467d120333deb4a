/* Who the peer must be. */

#include "tls/trust.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/address.h"
#include "tls/chain.h"
#include "file.h"
#include "tls/known_hosts.h"
#include "tls/revocation.h"
#include "strength.h"
#include "tls/validity.h"

#define CA_MAX (4 * 1024 * 1024) /* a bundle of every public CA is a quarter of it */

/* The certificates that a peer shows now, or that it showed when a kept session was made. */
struct shown {
	gnutls_session_t session; /* NULL where they are kept ones */
	const gnutls_datum_t *der;
	unsigned n;
};

struct trust {
	const struct trust_config *c;
	struct known_hosts hosts;
	struct trust_peer peer;
	gnutls_x509_crt_t *pinned; /* -v 3 without --pin: the certificates of -A, one of which the
	                              peer must show */
	unsigned n_pinned;
	gnutls_x509_trust_list_t authorities; /* the credentials' own */
	struct revocation *revoked;           /* of --crl, or NULL */
	bool new_host;                        /* not yet in known hosts */
	int alert;                            /* for the peer, or -1 */
	char reason[480];
};

bool
trust_pin_is_valid(const char *text)
{
	gnutls_datum_t base64, raw = { NULL, 0 };
	bool valid;

	if (strncmp(text, "sha256//", 8) != 0 || strlen(text) != TRUST_PIN - 1)
		return false;
	base64.data = (unsigned char *)(uintptr_t)(text + 8);
	base64.size = (unsigned)strlen(text + 8);
	valid = gnutls_base64_decode2(&base64, &raw) == 0 && raw.size == 32;
	gnutls_free(raw.data);
	return valid;
}

static bool
wants_chain(const struct trust *t)
{
	return t->c->ca_file != NULL || t->c->ca_dir != NULL;
}

/* With nothing else to go by, a client goes by what it saw the first time. */
static bool
wants_known_hosts(const struct trust *t)
{
	return t->c->client && t->c->level != TRUST_IGNORE && !wants_chain(t) && t->c->n_pins == 0;
}

struct trust *
trust_load(const struct trust_config *c, struct failure *why)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		failure_set(why, EX_OSERR, "out of memory");
		return NULL;
	}
	t->c = c;
	t->alert = -1;
	t->hosts.fd = -1;
	if (wants_known_hosts(t) &&
	    known_hosts_open(&t->hosts, c->known_hosts, c->host, c->port, why) == -1) {
		free(t);
		return NULL;
	}
	return t;
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->n_pinned; i++)
		gnutls_x509_crt_deinit(t->pinned[i]);
	gnutls_free(t->pinned);
	revocation_free(t->revoked);
	if (t->hosts.fd != -1)
		(void)close(t->hosts.fd);
	free(t);
}

static int
failed(struct trust *t, int alert, const char *reason)
{
	if (reason != t->reason)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", reason);
	t->alert = alert;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

/* The names of a certificate, for a sentence: "a.example, 192.0.2.1". */
static void
list_names(gnutls_x509_crt_t crt, char *out, size_t size)
{
	char name[256], ip[INET6_ADDRSTRLEN];
	const char *shown;
	size_t used = 0, len;
	int r;

	out[0] = '\0';
	for (unsigned i = 0; used < size; i++) {
		len = sizeof(name) - 1;
		if ((r = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL)) < 0)
			break;
		name[len] = '\0';
		shown = r == GNUTLS_SAN_DNSNAME || r == GNUTLS_SAN_RFC822NAME ?
		    name :
		    r == GNUTLS_SAN_IPADDRESS ?
		    inet_ntop(len == 4 ? AF_INET : AF_INET6, name, ip, sizeof(ip)) :
		    NULL;
		if (shown != NULL)
			used += (size_t)snprintf(
			    out + used, size - used, "%s%s", used > 0 ? ", " : "", shown);
	}
	len = sizeof(name);
	if (out[0] == '\0' &&
	    gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) == 0)
		(void)snprintf(out, size, "%.*s", (int)size - 1, name);
}

/*
 * What is wrong with one certificate where GnuTLS says that of the whole chain: true where it is
 * this one, with words that go on after its name.
 */
static bool
is_at_fault(const struct trust *t, gnutls_x509_crt_t crt, unsigned status, char *text, size_t size)
{
	bool early, over;

	if (status == GNUTLS_CERT_REVOKED) {
		(void)snprintf(text, size, "is revoked (--crl)");
		return revocation_has(t->revoked, crt);
	}
	over = validity_is_over(crt, text, size, &early);
	return over && early == (status == GNUTLS_CERT_NOT_ACTIVATED);
}

/* Refuses by the certificate that is meant: the peer's own, or one between it and a CA of ours. */
static int
refuse_one(struct trust *t, struct chain *c, unsigned status, int alert)
{
	char subject[160], fault[64];
	size_t len = sizeof(subject);
	unsigned i = 0;

	while (i < c->n && !is_at_fault(t, c->path[i], status, fault, sizeof(fault)))
		i++;
	if (i == c->n)
		return failed(
		    t, alert, "a certificate between the peer's and its CA is out of date");
	if (gnutls_x509_crt_get_dn(c->path[i], subject, &len) < 0)
		(void)strcpy(subject, "?");
	(void)snprintf(t->reason, sizeof(t->reason), "%s (%s) %s",
	    i == 0 ? "peer's certificate" : "the peer's CA certificate", subject, fault);
	return failed(t, alert, t->reason);
}

static int
refuse_by_chain(struct trust *t, const struct shown *s, unsigned status, int alert)
{
	struct chain c;
	int r;

	chain_follow(&c, s->der, s->n, t->authorities);
	r = refuse_one(t, &c, status, alert);
	chain_free(&c);
	return r;
}

/*
 * GnuTLS's status to one sentence that says which, until when, which names; and the alert that
 * fits.
 */
static int
refuse_status(struct trust *t, const struct shown *s, gnutls_x509_crt_t crt, unsigned status)
{
	char names[200];

	if (status & GNUTLS_CERT_REVOKED)
		return refuse_by_chain(t, s, GNUTLS_CERT_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED);
	if (status & GNUTLS_CERT_EXPIRED)
		return refuse_by_chain(t, s, GNUTLS_CERT_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED);
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return refuse_by_chain(t, s, GNUTLS_CERT_NOT_ACTIVATED, GNUTLS_A_BAD_CERTIFICATE);
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return failed(t, GNUTLS_A_UNKNOWN_CA,
		    "peer's certificate was not issued by a CA of -A or -a");
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		list_names(crt, names, sizeof(names));
		(void)snprintf(t->reason, sizeof(t->reason),
		    "peer's certificate is for %s, not for %s", names, t->c->host);
		return failed(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
	}
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return failed(t, GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		    t->c->client ? "peer's certificate is not one for a server" :
				   "peer's certificate is not one for a client");
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return failed(t, GNUTLS_A_BAD_CERTIFICATE,
		    "a certificate from the peer's to its CA has a weak key or signature: RSA "
		    "under 2048 bits, or SHA-1");
	return failed(t, GNUTLS_A_BAD_CERTIFICATE, "peer's certificate cannot be verified");
}

/* As GnuTLS verifies in a handshake, for what was shown in an earlier one. */
static int
verify_kept(
    const struct trust *t, const struct shown *s, gnutls_typed_vdata_st data[2], unsigned *status)
{
	gnutls_x509_crt_t crts[CHAIN_MAX];
	unsigned n = 0;
	int r = 0;

	for (; n < s->n && r == 0; n++)
		if ((r = gnutls_x509_crt_init(&crts[n])) < 0)
			break;
		else
			r = gnutls_x509_crt_import(crts[n], &s->der[n], GNUTLS_X509_FMT_DER);
	if (r == 0)
		r = gnutls_x509_trust_list_verify_crt2(t->authorities, crts, n, data, 2,
		    GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM), status, NULL);
	while (n > 0)
		gnutls_x509_crt_deinit(crts[--n]);
	return r;
}

/* Of each that is shown: which of them GnuTLS has needed is not known.  It is no fault of the
 * peer's. */
static int
check_lists(struct trust *t, const struct shown *s)
{
	char text[256];

	for (unsigned i = 0; i < s->n; i++)
		if (revocation_is_over(
			t->revoked, s->der[i].data, s->der[i].size, text, sizeof(text))) {
			(void)snprintf(t->reason, sizeof(t->reason),
			    "the list of --crl %s; make a new one: inetls-certgen crl --ca DIR",
			    text);
			return failed(t, GNUTLS_A_INTERNAL_ERROR, t->reason);
		}
	return 0;
}

static int
check_chain(struct trust *t, const struct shown *s, gnutls_x509_crt_t crt)
{
	char host[256];
	gnutls_typed_vdata_st data[2] = {
		{ .type = GNUTLS_DT_KEY_PURPOSE_OID,
		    .data = (unsigned char *)(uintptr_t)(t->c->client ? GNUTLS_KP_TLS_WWW_SERVER :
									GNUTLS_KP_TLS_WWW_CLIENT) },
		{ .type = GNUTLS_DT_DNS_HOSTNAME, .data = (unsigned char *)host },
	};
	unsigned status = 0;
	int r;

	address_bare_host(t->c->host, host);
	r = s->session == NULL ?
	    verify_kept(t, s, data, &status) :
	    gnutls_certificate_verify_peers(s->session, data, t->c->client ? 2 : 1, &status);

	if (r < 0)
		return failed(t, GNUTLS_A_BAD_CERTIFICATE, gnutls_strerror(r));
	return status == 0 ? check_lists(t, s) : refuse_status(t, s, crt, status);
}

static bool
is_pinned(const struct trust *t)
{
	for (int i = 0; i < t->c->n_pins; i++)
		if (strcmp(t->c->pins[i], t->peer.pin) == 0)
			return true;
	return false;
}

/* Whether the certificate itself stands in the file of -A. */
static bool
is_in_ca_file(const struct trust *t, const gnutls_datum_t *der)
{
	for (unsigned i = 0; i < t->n_pinned; i++)
		if (gnutls_x509_crt_equals2(t->pinned[i], der))
			return true;
	return false;
}

static bool
name_matches(const char *wanted, const char *name)
{
	const char *dot;

	if (strncmp(wanted, "*.", 2) != 0)
		return strcasecmp(wanted, name) == 0;
	dot = strchr(name, '.');
	return dot != NULL && dot != name && strcasecmp(wanted + 1, dot) == 0;
}

static bool
is_named(const struct trust *t, const char *name)
{
	for (int i = 0; i < t->c->n_names; i++)
		if (name_matches(t->c->names[i], name))
			return true;
	return false;
}

/* One of the allowed names is the common name, or a DNS name or mail address of the certificate. */
static int
check_names(struct trust *t, gnutls_x509_crt_t crt)
{
	char name[256], names[200];
	size_t len = sizeof(name);
	int r;

	if (t->c->n_names == 0)
		return 0;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) ==
		0 &&
	    strlen(name) == len && is_named(t, name))
		return 0;
	for (unsigned i = 0;; i++) {
		len = sizeof(name) - 1;
		if ((r = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL)) < 0)
			break;
		name[len] = '\0';
		if ((r == GNUTLS_SAN_DNSNAME || r == GNUTLS_SAN_RFC822NAME) &&
		    strlen(name) == len && is_named(t, name))
			return 0;
	}
	list_names(crt, names, sizeof(names));
	(void)snprintf(t->reason, sizeof(t->reason),
	    "peer's certificate is for %s, which no --peer-name allows", names);
	return failed(t, GNUTLS_A_ACCESS_DENIED, t->reason);
}

/* As ssh's strict checking. */
static int
refuse_new_host(struct trust *t)
{
	(void)snprintf(t->reason, sizeof(t->reason),
	    "%.80s is not in %.120s, and -v 3 learns no host; if `inetls-certgen show --pin` says "
	    "the same there, add the line: %.80s %s",
	    t->hosts.host, t->hosts.path, t->hosts.host, t->peer.pin);
	return failed(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

static int
check_known_hosts(struct trust *t)
{
	char other[64];
	int line = 0;

	switch (known_hosts_look_up(&t->hosts, t->peer.pin, other, sizeof(other), &line)) {
	case KNOWN_HOSTS_MATCH: return 0;
	case KNOWN_HOSTS_NEW:
		if (t->c->level == TRUST_PINNED)
			return refuse_new_host(t);
		t->new_host = true;
		return 0;
	case KNOWN_HOSTS_OTHER:
		(void)snprintf(t->reason, sizeof(t->reason),
		    "%.80s is not the host that was known: it shows %s, line %d of %.120s "
		    "says %s; somebody may be in the middle; if its key was changed on purpose, delete that line",
		    t->hosts.host, t->peer.pin, line, t->hosts.path, other);
		return failed(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
	default: return failed(t, GNUTLS_A_INTERNAL_ERROR, "known hosts cannot be read");
	}
}

/* What the log and the programs behind -l are told of the certificate. */
static void
describe(struct trust *t, gnutls_x509_crt_t crt)
{
	unsigned char id[32];
	gnutls_datum_t raw = { id, sizeof(id) }, base64 = { NULL, 0 };
	size_t len = sizeof(t->peer.subject);

	if (gnutls_x509_crt_get_dn(crt, t->peer.subject, &len) < 0 || t->peer.subject[0] == '\0')
		(void)strcpy(t->peer.subject, "?");
	len = sizeof(t->peer.issuer);
	if (gnutls_x509_crt_get_issuer_dn(crt, t->peer.issuer, &len) < 0)
		(void)strcpy(t->peer.issuer, "?");
	len = sizeof(id);
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, id, &len) == 0)
		for (size_t i = 0; i < sizeof(id); i++)
			(void)snprintf(t->peer.fingerprint + 2 * i, 3, "%02x", id[i]);
	len = sizeof(id);
	/* The SHA-256 of the SubjectPublicKeyInfo (RFC 7469, 2.4). */
	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &len) == 0 &&
	    gnutls_base64_encode2(&raw, &base64) == 0)
		(void)snprintf(t->peer.pin, sizeof(t->peer.pin), "sha256//%.*s", (int)base64.size,
		    (char *)base64.data);
	gnutls_free(base64.data);
}

static int
check_pins(struct trust *t, const gnutls_datum_t *der)
{
	bool required = t->c->n_pins > 0 || (t->c->level == TRUST_PINNED && !wants_known_hosts(t));

	if (!required || is_pinned(t) || (t->c->n_pins == 0 && is_in_ca_file(t, der)))
		return 0;
	(void)snprintf(
	    t->reason, sizeof(t->reason), "peer's key is not pinned: it shows %s", t->peer.pin);
	return failed(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

/* Whatever it is known by: who has factored it is everybody whom it names. */
static int
check_strength(struct trust *t, gnutls_x509_crt_t crt)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	bool is_rsa = algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;

	if (!is_rsa || bits >= STRENGTH_RSA_BITS_MIN)
		return 0;
	(void)snprintf(t->reason, sizeof(t->reason),
	    "peer's RSA key has %u bits, and at least %d are needed", bits, STRENGTH_RSA_BITS_MIN);
	return failed(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

static int
check_all(struct trust *t, const struct shown *s, gnutls_x509_crt_t crt)
{
	int r;

	if (t->c->level == TRUST_IGNORE)
		return 0;
	r = check_strength(t, crt);
	if (r == 0 && wants_chain(t))
		r = check_chain(t, s, crt);
	if (r == 0)
		r = check_pins(t, s->der);
	if (r == 0 && wants_known_hosts(t))
		r = check_known_hosts(t);
	return r == 0 && !t->c->client ? check_names(t, crt) : r;
}

static int
look_at(struct trust *t, const struct shown *s)
{
	gnutls_x509_crt_t crt = NULL;
	char fault[64];
	bool early;
	int r;

	if ((r = gnutls_x509_crt_init(&crt)) < 0 ||
	    (r = gnutls_x509_crt_import(crt, s->der, GNUTLS_X509_FMT_DER)) < 0) {
		gnutls_x509_crt_deinit(crt);
		return failed(t, GNUTLS_A_BAD_CERTIFICATE, gnutls_strerror(r));
	}
	describe(t, crt);
	r = check_all(t, s, crt);
	/* To a pin dates are nothing, but a session must end some day. */
	if (r == 0 && s->session == NULL && validity_is_over(crt, fault, sizeof(fault), &early))
		r = GNUTLS_E_EXPIRED;
	gnutls_x509_crt_deinit(crt);
	return r;
}

/* Called in the handshake, so that the peer gets the alert that fits and no byte of ours before. */
static int
verify(gnutls_session_t session)
{
	struct trust *t = gnutls_db_get_ptr(session);
	struct shown s = { .session = session };

	s.der = gnutls_certificate_get_peers(session, &s.n);
	if (s.der != NULL && s.n > 0)
		return look_at(t, &s);
	return t->c->client ? failed(t, GNUTLS_A_BAD_CERTIFICATE, "peer shows no certificate") : 0;
}

bool
trust_holds(struct trust *t, unsigned char *chain, size_t len)
{
	gnutls_datum_t der[CHAIN_MAX];
	struct shown s = { .der = der, .n = chain_unpack(chain, len, der) };
	bool holds = s.n > 0 && look_at(t, &s) == 0 && !t->new_host;

	/* What is said of the peer comes from the handshake, if there is to be a full one. */
	if (!holds) {
		t->peer = (struct trust_peer){ .subject = "" };
		t->reason[0] = '\0';
		t->alert = -1;
		t->new_host = false;
	}
	return holds;
}

static int
load_failed(const char *what, const char *path, int error, struct failure *why)
{
	bool unread = strcmp(path, "system") != 0 && access(path, R_OK) == -1;

	/* GnuTLS says of a file that is not there no more than that it cannot be read. */
	return failure_set(why, EX_CONFIG, "%s %s: %s", what, path,
	    unread         ? strerror(errno) :
		error == 0 ? "holds no certificate" :
			     gnutls_strerror(error));
}

/*
 * The certificates of -A one by one: the handshake comes when the process is confined, and no file
 * can be read.
 */
static int
load_pinned(struct trust *t, struct failure *why)
{
	gnutls_datum_t pem;
	char *text;
	size_t len;
	int r;

	if (t->c->level != TRUST_PINNED || t->c->n_pins > 0 || t->c->ca_file == NULL)
		return 0;
	if (file_read(t->c->ca_file, CA_MAX, &text, &len, why) == -1)
		return -1;
	pem.data = (unsigned char *)text;
	pem.size = (unsigned)len;
	r = gnutls_x509_crt_list_import2(&t->pinned, &t->n_pinned, &pem, GNUTLS_X509_FMT_PEM, 0);
	free(text);
	return r < 0 ? load_failed("-A", t->c->ca_file, r, why) : 0;
}

static int
load_authorities(struct trust *t, gnutls_certificate_credentials_t credentials, struct failure *why)
{
	const struct trust_config *c = t->c;
	int r = 1;

	if (c->ca_file != NULL) {
		r = strcmp(c->ca_file, "system") == 0 ?
		    gnutls_certificate_set_x509_system_trust(credentials) :
		    gnutls_certificate_set_x509_trust_file(
			credentials, c->ca_file, GNUTLS_X509_FMT_PEM);
		if (r <= 0)
			return load_failed("-A", c->ca_file, r, why);
	}
	if (c->ca_dir != NULL &&
	    (r = gnutls_certificate_set_x509_trust_dir(
		 credentials, c->ca_dir, GNUTLS_X509_FMT_PEM)) <= 0)
		return load_failed("-a", c->ca_dir, r, why);
	gnutls_certificate_get_trust_list(credentials, &t->authorities);
	if (c->crl == NULL)
		return 0;
	t->revoked = revocation_load(c->crl, why);
	return t->revoked != NULL ? revocation_apply(t->revoked, credentials, why) : -1;
}

int
trust_apply(struct trust *t, void *credentials, void *session, struct failure *why)
{
	if (load_authorities(t, credentials, why) == -1 || load_pinned(t, why) == -1)
		return -1;
	/* A place of the session's that nothing else uses: there is no session database. */
	gnutls_db_set_ptr(session, t);
	gnutls_certificate_set_verify_function(credentials, verify);
	if (!t->c->client)
		gnutls_certificate_server_set_request(session,
		    t->c->level >= TRUST_REQUIRED ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	return 0;
}

const char *
trust_reason(const struct trust *t)
{
	return t->reason;
}

int
trust_alert(const struct trust *t)
{
	return t->alert;
}

const struct trust_peer *
trust_peer(const struct trust *t)
{
	return &t->peer;
}

int
trust_remember(struct trust *t, char *text, size_t size)
{
	char other[64];
	int line = 0;

	if (!t->new_host)
		return 0;
	switch (known_hosts_add(&t->hosts, t->peer.pin, other, sizeof(other), &line)) {
	case KNOWN_HOSTS_NEW:
		(void)snprintf(text, size,
		    "%s is seen for the first time and was trusted: %s was added to %s; compare it with "
		    "what `inetls-certgen show --pin` says on that host",
		    t->hosts.host, t->peer.pin, t->hosts.path);
		return 1;
	case KNOWN_HOSTS_MATCH: return 0;
	case KNOWN_HOSTS_OTHER:
		(void)snprintf(text, size,
		    "%s is not the host that another session has just seen: it shows %s, line %d of %s "
		    "says %s",
		    t->hosts.host, t->peer.pin, line, t->hosts.path, other);
		return -1;
	default:
		(void)snprintf(text, size,
		    "%s cannot be written, so %s would be a stranger again; mend the file, or give "
		    "--pin %s",
		    t->hosts.path, t->hosts.host, t->peer.pin);
		return -1;
	}
}

int
trust_fd(const struct trust *t)
{
	return t->hosts.fd;
}
