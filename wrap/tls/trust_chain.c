/*
 * Whether to trust the peer by a CA: checks its chain and dates, its revocation, and the host's
 * name.
 */

#include "tls/trust.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "tls/chain.h"
#include "tls/revocation.h"
#include "tls/trust_state.h"
#include "tls/validity.h"

/*
 * GnuTLS's status is about the whole chain.  Returns whether this certificate is the one at fault;
 * then text continues a sentence that begins with its name.
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

/* Refuses, naming the certificate at fault: the peer's own, or one between it and our CA. */
static int
refuse_one(struct trust *t, struct chain *c, unsigned status, int alert)
{
	char subject[160], fault[64];
	size_t len = sizeof(subject);
	unsigned i = 0;

	while (i < c->n && !is_at_fault(t, c->path[i], status, fault, sizeof(fault)))
		i++;
	if (i == c->n)
		return trust_fail(
		    t, alert, "a certificate between the peer's and its CA is out of date");
	if (gnutls_x509_crt_get_dn(c->path[i], subject, &len) < 0)
		(void)strcpy(subject, "?");
	(void)snprintf(t->reason, sizeof(t->reason), "%s (%s) %s%s",
	    i == 0 ? "peer's certificate" : "the peer's CA certificate", subject, fault,
	    status == GNUTLS_CERT_NOT_ACTIVATED ? "; is this machine's clock right?" : "");
	return trust_fail(t, alert, t->reason);
}

static int
refuse_by_chain(struct trust *t, const struct trust_shown *s, unsigned status, int alert)
{
	struct chain c;
	int r;

	chain_follow(&c, s->der, s->n, t->authorities);
	r = refuse_one(t, &c, status, alert);
	chain_free(&c);
	return r;
}

/*
 * Turns GnuTLS's status into a sentence (which certificate, until when, which names) and the right
 * alert.
 */
static int
refuse_status(struct trust *t, const struct trust_shown *s, gnutls_x509_crt_t crt, unsigned status)
{
	char names[200];

	if (status & GNUTLS_CERT_REVOKED)
		return refuse_by_chain(t, s, GNUTLS_CERT_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED);
	if (status & GNUTLS_CERT_EXPIRED)
		return refuse_by_chain(t, s, GNUTLS_CERT_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED);
	if (status & GNUTLS_CERT_NOT_ACTIVATED)
		return refuse_by_chain(t, s, GNUTLS_CERT_NOT_ACTIVATED, GNUTLS_A_BAD_CERTIFICATE);
	if (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA))
		return trust_fail(t, GNUTLS_A_UNKNOWN_CA,
		    "peer's certificate was not issued by a CA of -A or -a");
	if (status & GNUTLS_CERT_UNEXPECTED_OWNER) {
		trust_list_names(crt, names, sizeof(names));
		(void)snprintf(t->reason, sizeof(t->reason),
		    "peer's certificate is for %s, not for %s; if one of these is the name of the "
		    "server, add --sni with it",
		    names, t->c->host);
		return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
	}
	if (status & GNUTLS_CERT_PURPOSE_MISMATCH)
		return trust_fail(t, GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		    t->c->client ? "peer's certificate is not a server's" :
				   "peer's certificate is not a client's");
	if (status & GNUTLS_CERT_INSECURE_ALGORITHM)
		return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE,
		    "a certificate from the peer's to its CA has a weak key or signature: RSA "
		    "under 2048 bits, or SHA-1");
	return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, "peer's certificate cannot be verified");
}

/* Verifies what was shown in an earlier handshake, as GnuTLS does within one. */
static int
verify_kept(const struct trust *t, const struct trust_shown *s, gnutls_typed_vdata_st data[2],
    unsigned *status)
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

/*
 * Checks each certificate shown, since we do not know which of them GnuTLS needed.  An expired list
 * is not the peer's fault.
 */
static int
check_lists(struct trust *t, const struct trust_shown *s)
{
	char text[256];

	for (unsigned i = 0; i < s->n; i++)
		if (revocation_is_over(
			t->revoked, s->der[i].data, s->der[i].size, text, sizeof(text))) {
			(void)snprintf(t->reason, sizeof(t->reason),
			    "the list of --crl %s; make a new one: inetls-certgen crl --ca DIR",
			    text);
			return trust_fail(t, GNUTLS_A_INTERNAL_ERROR, t->reason);
		}
	return 0;
}

int
trust_check_chain(struct trust *t, const struct trust_shown *s, gnutls_x509_crt_t crt)
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
		return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, gnutls_strerror(r));
	return status == 0 ? check_lists(t, s) : refuse_status(t, s, crt, status);
}
