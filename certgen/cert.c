/* Certificates as RFC 5280 wants them of a server, and as the strictest client accepts them. */

#include "cert.h"

#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#define DAY (24L * 3600)
#define COMMON_NAME_MAX 64 /* X.520's ub-common-name */
#define SERIAL_LEN 20      /* RFC 5280: at most 20 octets */

void
cert_validity(const struct request *request, time_t now, time_t *begin, time_t *end)
{
	long span = request->days * DAY + DAY;

	/* A client whose clock is in another time zone, or a few minutes slow, must not see the future. */
	*begin = now - DAY;
	/* Apple counts from the beginning: there the day before today takes the place of the last one. */
	if (request->days == REQUEST_DAYS)
		span -= DAY;
	*end = *begin + span;
}

static int
set_text(gnutls_x509_crt_t cert, const char *oid, const char *text)
{
	return *text == '\0' ? 0 : gnutls_x509_crt_set_dn_by_oid(cert, oid, 0, text, (unsigned)strlen(text));
}

static int
set_subject(gnutls_x509_crt_t cert, const struct request *request)
{
	const char *common = request->names[0].text;
	int nothing_else = *request->country == '\0' && *request->state == '\0' &&
	    *request->locality == '\0' && *request->org == '\0';
	int r;

	/* A self-signed certificate needs a subject, since that is its issuer too. */
	if (strlen(common) > COMMON_NAME_MAX)
		common = nothing_else ? "inetls" : "";
	if ((r = set_text(cert, GNUTLS_OID_X520_COUNTRY_NAME, request->country)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME, request->state)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_LOCALITY_NAME, request->locality)) < 0 ||
	    (r = set_text(cert, GNUTLS_OID_X520_ORGANIZATION_NAME, request->org)) < 0)
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
			r = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, name->ip,
			    (unsigned)name->ip_len, flags);
		else
			r = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name->text,
			    (unsigned)strlen(name->text), flags);
	}
	return r;
}

static int
set_serial(gnutls_x509_crt_t cert)
{
	unsigned char serial[SERIAL_LEN];
	int r = gnutls_rnd(GNUTLS_RND_RANDOM, serial, sizeof(serial));

	if (r < 0)
		return r;
	/* Positive, and not zero in the first byte, so that all 20 are kept. */
	serial[0] = (serial[0] & 0x7f) | 0x40;
	return gnutls_x509_crt_set_serial(cert, serial, sizeof(serial));
}

static int
set_purpose(gnutls_x509_crt_t cert, const struct request *request)
{
	unsigned usage = GNUTLS_KEY_DIGITAL_SIGNATURE;
	int r;

	if (request->key->algorithm == GNUTLS_PK_RSA)
		usage |= GNUTLS_KEY_KEY_ENCIPHERMENT;
	/* No CA: some clients refuse a CA's certificate as a server's, and a stolen key can sign for nobody. */
	if ((r = gnutls_x509_crt_set_basic_constraints(cert, 0, -1)) < 0 ||
	    (r = gnutls_x509_crt_set_key_usage(cert, usage)) < 0)
		return r;
	return gnutls_x509_crt_set_key_purpose_oid(cert, GNUTLS_KP_TLS_WWW_SERVER, 0);
}

static int
set_key(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
	unsigned char id[20];
	size_t len = sizeof(id);
	int r;

	if ((r = gnutls_x509_crt_set_key(cert, key)) < 0 ||
	    (r = gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA1, id, &len)) < 0)
		return r;
	return gnutls_x509_crt_set_subject_key_id(cert, id, len);
}

static int
set_validity(gnutls_x509_crt_t cert, const struct request *request, time_t now)
{
	time_t begin, end;
	int r;

	cert_validity(request, now, &begin, &end);
	if ((r = gnutls_x509_crt_set_activation_time(cert, begin)) < 0)
		return r;
	return gnutls_x509_crt_set_expiration_time(cert, end);
}

/* As others will read it: GnuTLS does not show all of a certificate that it has built in memory. */
static int
read_back(gnutls_x509_crt_t *cert)
{
	gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_x509_crt_export2(*cert, GNUTLS_X509_FMT_DER, &der);

	if (r < 0)
		return r;
	gnutls_x509_crt_deinit(*cert);
	*cert = NULL;
	if ((r = gnutls_x509_crt_init(cert)) == 0)
		r = gnutls_x509_crt_import(*cert, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	return r;
}

gnutls_x509_crt_t
cert_make(const struct request *request, gnutls_x509_privkey_t key, time_t now, struct failure *why)
{
	gnutls_x509_crt_t cert = NULL;
	int r;

	if ((r = gnutls_x509_crt_init(&cert)) < 0 || (r = gnutls_x509_crt_set_version(cert, 3)) < 0 ||
	    (r = set_serial(cert)) < 0 || (r = set_validity(cert, request, now)) < 0 ||
	    (r = set_subject(cert, request)) < 0 || (r = set_names(cert, request)) < 0 ||
	    (r = set_purpose(cert, request)) < 0 || (r = set_key(cert, key)) < 0 ||
	    (r = gnutls_x509_crt_sign2(cert, cert, key, request->key->digest, 0)) < 0 ||
	    (r = read_back(&cert)) < 0) {
		failure_set(why, EX_SOFTWARE, "make a certificate: %s", gnutls_strerror(r));
		gnutls_x509_crt_deinit(cert);
		return NULL;
	}
	return cert;
}

char *
cert_pem(gnutls_x509_crt_t cert, struct failure *why)
{
	gnutls_datum_t pem = { NULL, 0 };
	char *copy = NULL;
	int r = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);

	if (r < 0)
		failure_set(why, EX_SOFTWARE, "write the certificate: %s", gnutls_strerror(r));
	else if ((copy = strndup((const char *)pem.data, pem.size)) == NULL)
		failure_set(why, EX_OSERR, "write the certificate: out of memory");
	gnutls_free(pem.data);
	return copy;
}

int
cert_load(const char *pem, size_t len, gnutls_x509_crt_t **certs, struct failure *why)
{
	const gnutls_datum_t data = { (unsigned char *)pem, (unsigned)len };
	unsigned count = 0;
	int r = gnutls_x509_crt_list_import2(certs, &count, &data, GNUTLS_X509_FMT_PEM, 0);

	if (r < 0 || count == 0) {
		*certs = NULL;
		return failure_set(why, EX_DATAERR, "no certificate can be read from it: %s", gnutls_strerror(r));
	}
	return (int)count;
}

void
cert_free(gnutls_x509_crt_t *certs, int count)
{
	for (int i = 0; i < count; i++)
		gnutls_x509_crt_deinit(certs[i]);
	gnutls_free(certs);
}

int
cert_matches(gnutls_x509_crt_t cert, gnutls_x509_privkey_t key)
{
	unsigned char of_cert[32], of_key[32];
	size_t cert_len = sizeof(of_cert), key_len = sizeof(of_key);

	return gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len) == 0 &&
	    gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key, &key_len) == 0 &&
	    cert_len == key_len && memcmp(of_cert, of_key, cert_len) == 0;
}
