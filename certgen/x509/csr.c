/*
 * A request may ask to be a CA, or for somebody else's name, so only names and the key are taken
 * from it.
 */

#include "x509/csr.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "x509/key.h"
#include "x509/subject.h"

static int
set_text(gnutls_x509_crq_t crq, const char *oid, const char *text)
{
	return *text == '\0' ?
	    0 :
	    gnutls_x509_crq_set_dn_by_oid(crq, oid, 0, text, (unsigned)strlen(text));
}

static int
set_subject(gnutls_x509_crq_t crq, const struct request *request)
{
	char common[REQUEST_TEXT_MAX + 1];
	int r;

	if ((r = set_text(crq, GNUTLS_OID_X520_COUNTRY_NAME, request->country)) < 0 ||
	    (r = set_text(crq, GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME, request->state)) < 0 ||
	    (r = set_text(crq, GNUTLS_OID_X520_LOCALITY_NAME, request->locality)) < 0 ||
	    (r = set_text(crq, GNUTLS_OID_X520_ORGANIZATION_NAME, request->org)) < 0)
		return r;
	return set_text(
	    crq, GNUTLS_OID_X520_COMMON_NAME, subject_common(request, common, sizeof(common)));
}

static int
set_names(gnutls_x509_crq_t crq, const struct request *request)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < request->name_count; i++) {
		const struct name *name = &request->names[i];
		unsigned flags = i == 0 ? GNUTLS_FSAN_SET : GNUTLS_FSAN_APPEND;

		if (name->ip_len > 0)
			r = gnutls_x509_crq_set_subject_alt_name(
			    crq, GNUTLS_SAN_IPADDRESS, name->ip, (unsigned)name->ip_len, flags);
		else
			r = gnutls_x509_crq_set_subject_alt_name(crq, GNUTLS_SAN_DNSNAME,
			    name->text, (unsigned)strlen(name->text), flags);
	}
	return r;
}

char *
csr_make(const struct request *request, const struct key *key, struct failure *why)
{
	gnutls_pubkey_t public = key_public(key, why);
	gnutls_x509_crq_t crq = NULL;
	gnutls_datum_t pem = { NULL, 0 };
	char *copy = NULL;
	int r;

	if (public == NULL)
		return NULL;
	if ((r = gnutls_x509_crq_init(&crq)) < 0 || (r = gnutls_x509_crq_set_version(crq, 1)) < 0 ||
	    (r = set_subject(crq, request)) < 0 || (r = set_names(crq, request)) < 0 ||
	    (r = gnutls_x509_crq_set_key_usage(crq, GNUTLS_KEY_DIGITAL_SIGNATURE)) < 0 ||
	    (r = gnutls_x509_crq_set_key_purpose_oid(crq, GNUTLS_KP_TLS_WWW_SERVER, 0)) < 0 ||
	    (r = gnutls_x509_crq_set_pubkey(crq, public)) < 0 ||
	    (r = gnutls_x509_crq_privkey_sign(crq, key->sign, key_digest(key), 0)) < 0 ||
	    (r = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &pem)) < 0)
		failure_set(why, EX_SOFTWARE, "make a request: %s", gnutls_strerror(r));
	else if ((copy = strndup((const char *)pem.data, pem.size)) == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	gnutls_free(pem.data);
	gnutls_x509_crq_deinit(crq);
	gnutls_pubkey_deinit(public);
	return copy;
}

/* Reads the common name; "" if there is none, -1 if it is not a valid one. */
static int
read_common(gnutls_x509_crq_t crq, char *buf, size_t size, struct failure *why)
{
	size_t len = size - 1;
	int r = gnutls_x509_crq_get_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, 0, buf, &len);

	if (r < 0)
		len = 0;
	buf[len] = '\0';
	if (strlen(buf) != len || (r < 0 && r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE))
		return failure_set(why, EX_DATAERR, "its common name cannot be read");
	return 0;
}

/*
 * Reads one alternative name as text: 1; 0 for a kind that is left out; -1 if it may not be signed.
 */
static int
read_name(gnutls_x509_crq_t crq, unsigned i, char *buf, size_t size, int *type)
{
	unsigned char ip[16];
	size_t len = size - 1;
	unsigned critical;

	*type = gnutls_x509_crq_get_subject_alt_name(crq, i, buf, &len, NULL, &critical);
	if (*type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
		memcpy(ip, buf, len);
		return inet_ntop(len == 4 ? AF_INET : AF_INET6, ip, buf, (socklen_t)size) != NULL ?
		    1 :
		    -1;
	}
	if (*type != GNUTLS_SAN_DNSNAME)
		return *type == GNUTLS_SAN_IPADDRESS || *type == GNUTLS_E_SHORT_MEMORY_BUFFER ? -1 :
												0;
	buf[len] = '\0';
	/* A NUL in the middle once let good.example\0.bad.example pass for good.example. */
	return strlen(buf) == len ? 1 : -1;
}

static int
read_names(gnutls_x509_crq_t crq, struct request *request, struct csr *csr, struct failure *why)
{
	char name[NAME_TYPED_MAX + 2];
	int type = 0;

	for (unsigned i = 0; i <= REQUEST_NAMES_MAX; i++) {
		int r = read_name(crq, i, name, sizeof(name), &type);

		if (r == 0 && type < 0)
			return 0;
		if (r == -1)
			return failure_set(why, EX_DATAERR, "one of its names cannot be signed");
		if (r == 0)
			csr->left_out = 1;
		else if (request_add_name(request, name, why) == -1)
			return -1;
	}
	return failure_set(why, EX_DATAERR, "more than %d names", REQUEST_NAMES_MAX);
}

/* Whether it asks for an extension that this program ignores. */
static int
wants_more(gnutls_x509_crq_t crq)
{
	static const char *const known[] = { "2.5.29.17", "2.5.29.15", "2.5.29.37", "2.5.29.14" };
	char oid[64];
	size_t len;
	unsigned critical;

	for (unsigned i = 0; len = sizeof(oid), i < 64; i++) {
		size_t k = 0;

		if (gnutls_x509_crq_get_extension_info(crq, i, oid, &len, &critical) < 0)
			return 0;
		while (k < sizeof(known) / sizeof(known[0]) && strcmp(oid, known[k]) != 0)
			k++;
		if (k == sizeof(known) / sizeof(known[0]))
			return 1;
	}
	return 1;
}

static int
read_subject(gnutls_x509_crq_t crq, struct request *request, struct csr *csr, struct failure *why)
{
	char common[NAME_TYPED_MAX + 2];

	if (read_common(crq, common, sizeof(common), why) == -1)
		return -1;
	csr->left_out = wants_more(crq);
	if (request->purpose == REQUEST_CLIENT)
		return request_set_common(request, common, why);
	if (read_names(crq, request, csr, why) == -1)
		return -1;
	/* Old requests have their only name in the common name. */
	if (request->name_count == 0)
		return request_add_name(request, common, why);
	return 0;
}

int
csr_read(const char *pem, size_t len, struct request *request, struct csr *csr, struct failure *why)
{
	const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	const struct key_kind *kind;
	gnutls_x509_crq_t crq = NULL;
	int r;

	memset(csr, 0, sizeof(*csr));
	if ((r = gnutls_x509_crq_init(&crq)) < 0 ||
	    (r = gnutls_x509_crq_import(crq, &data, GNUTLS_X509_FMT_PEM)) < 0)
		r = failure_set(
		    why, EX_DATAERR, "no request can be read from it: %s", gnutls_strerror(r));
	else if ((r = gnutls_x509_crq_verify(crq, 0)) < 0)
		r = failure_set(
		    why, EX_DATAERR, "it is not signed by its own key: %s", gnutls_strerror(r));
	else if ((r = gnutls_pubkey_init(&csr->key)) < 0 ||
	    (r = gnutls_pubkey_import_x509_crq(csr->key, crq, 0)) < 0)
		r = failure_set(why, EX_DATAERR, "its key cannot be read: %s", gnutls_strerror(r));
	else if ((kind = key_kind_of_public(csr->key, why)) == NULL)
		r = -1;
	else {
		request->key = kind;
		/*
		 * GnuTLS stores the key usage of the request with the key, and would write it into
		 * the certificate.
		 */
		gnutls_pubkey_set_key_usage(csr->key, 0);
		r = read_subject(crq, request, csr, why);
	}
	gnutls_x509_crq_deinit(crq);
	if (r != -1)
		return 0;
	gnutls_pubkey_deinit(csr->key);
	csr->key = NULL;
	return -1;
}
