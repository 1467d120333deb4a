/*
 * Subject and extensions of a certificate.  Two rules of other programs matter here.  libpq and
 * browsers only read the alternative names.  OpenSSL and GnuTLS check the common name against the
 * CA's constraints if no alternative name is a domain.
 */

#include "x509/subject.h"

#include <stdio.h>
#include <string.h>

#include "x509/constraint.h"
#include "x509/key.h"

static int
set_text(gnutls_x509_crt_t cert, const char *oid, const char *text)
{
	return *text == '\0' ?
	    0 :
	    gnutls_x509_crt_set_dn_by_oid(cert, oid, 0, text, (unsigned)strlen(text));
}

static int
has_domain(const struct request *request)
{
	for (size_t i = 0; i < request->name_count; i++)
		if (request->names[i].ip_len == 0)
			return 1;
	return 0;
}

static int
has_nothing_else(const struct request *request)
{
	return *request->country == '\0' && *request->state == '\0' && *request->locality == '\0' &&
	    *request->org == '\0';
}

const char *
subject_common(const struct request *request, char *buf, size_t size)
{
	if (*request->common != '\0')
		(void)snprintf(buf, size, "%s", request->common);
	else if (request->issued && !has_domain(request))
		/* Any common name would be taken for a domain that the CA's constraints exclude. */
		*buf = '\0';
	else
		(void)snprintf(buf, size, "%s", request->names[0].text);
	/* A self-signed certificate needs a subject, since that is also its issuer. */
	if (strlen(buf) > SUBJECT_COMMON_MAX && *request->common == '\0')
		(void)snprintf(buf, size, "%s", has_nothing_else(request) ? "inetls" : "");
	return buf;
}

static int
set_subject(gnutls_x509_crt_t cert, const struct request *request)
{
	char common[REQUEST_TEXT_MAX + 1], org[REQUEST_TEXT_MAX + 1];
	int r;

	(void)subject_common(request, common, sizeof(common));
	(void)snprintf(org, sizeof(org), "%s", request->org);
	if (*common == '\0' && has_nothing_else(request))
		(void)snprintf(org, sizeof(org), "server at %s", request->names[0].text);
	if ((r = set_text(cert, GNUTLS_OID_X520_COUNTRY_NAME, request->country)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME, request->state)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_LOCALITY_NAME, request->locality)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_ORGANIZATION_NAME, org)) < 0)
		return r;
	return set_text(cert, GNUTLS_OID_X520_COMMON_NAME, common);
}

static int
set_names(gnutls_x509_crt_t cert, const struct request *request)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->name_count; i++) {
		const struct name *name = &request->names[i];
		unsigned flags = i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND;

		if (name->ip_len > 0)
			r = gnutls_x509_crt_set_subject_alt_name(
			    cert, GNUTLS_SAN_IPADDRESS, name->ip, (unsigned)name->ip_len, flags);
		else
			r = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME,
			    name->text, (unsigned)strlen(name->text), flags);
	}
	return r;
}

static int
set_authority(gnutls_x509_crt_t cert, const struct request *request)
{
	int r;

	/* It signs for servers and clients, but makes no other CA. */
	if ((r = gnutls_x509_crt_set_basic_constraints(cert, 1, 0)) < 0 ||
	    (r = gnutls_x509_crt_set_key_usage(
		 cert, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN)) < 0)
		return r;
	return constraint_apply(cert, request);
}

static int
set_purpose(gnutls_x509_crt_t cert, const struct request *request)
{
	int server = request->purpose == REQUEST_SERVER, r;
	unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;

	if (server && request->key->algorithm == GNUTLS_PK_RSA)
		usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;
	/*
	 * Not a CA: some clients refuse a CA's certificate for a server, and with CA:FALSE a stolen
	 * key can sign for nobody.
	 */
	if ((r = gnutls_x509_crt_set_basic_constraints(cert, 0, -1)) < 0 ||
	    (r = gnutls_x509_crt_set_key_usage(cert, usage)) < 0)
		return r;
	return gnutls_x509_crt_set_key_purpose_oid(
	    cert, server ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT, 0);
}

int
subject_apply(gnutls_x509_crt_t cert, const struct request *request)
{
	int r = set_subject(cert, request);

	if (r == 0 && request->purpose == REQUEST_AUTHORITY)
		return set_authority(cert, request);
	if (r == 0)
		r = set_names(cert, request);
	return r == 0 ? set_purpose(cert, request) : r;
}
