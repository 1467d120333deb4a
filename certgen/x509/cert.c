/*
 * Makes certificates as RFC 5280 wants them for a server, and as the strictest client accepts them.
 */

#include "x509/cert.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <stdlib.h>
#include <string.h>

#include "pemfile.h"
#include "x509/key.h"
#include "x509/subject.h"

#define DAY (24L * 3600)

void
cert_validity(const struct request *request, time_t now, time_t *begin, time_t *end)
{
	long span = request->days * DAY + DAY;

	/*
	 * Begin a day early: a client in another time zone, or with a slow clock, must not see a
	 * certificate of the future.
	 */
	*begin = now - DAY;
	/* Apple counts from the beginning, so at the limit the early day replaces the last one. */
	if (request->days == REQUEST_DAYS && request->purpose != REQUEST_AUTHORITY)
		span -= DAY;
	*end = *begin + span;
}

int
cert_terms_init(
    struct cert_terms *terms, const struct request *request, time_t now, struct failure *why)
{
	int r = gnutls_rnd(GNUTLS_RND_RANDOM, terms->serial, sizeof(terms->serial));

	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "random bytes: %s", gnutls_strerror(r));
	/* Positive, and with a first byte that is not zero, so that all 20 bytes are kept. */
	terms->serial[0] = (terms->serial[0] & 0x7f) | 0x40;
	cert_validity(request, now, &terms->begin, &terms->end);
	return 0;
}

static int
set_terms(gnutls_x509_crt_t cert, const struct cert_terms *terms)
{
	int r;

	if ((r = gnutls_x509_crt_set_serial(cert, terms->serial, sizeof(terms->serial))) < 0 ||
	    (r = gnutls_x509_crt_set_activation_time(cert, terms->begin)) < 0)
		return r;
	return gnutls_x509_crt_set_expiration_time(cert, terms->end);
}

/*
 * Replaces an extension that the copy has from the old certificate; GnuTLS's own setters refuse to.
 */
static int
set_extension(gnutls_x509_crt_t cert, const char *oid, int r, gnutls_datum_t *ext)
{
	if (r == 0)
		r = gnutls_x509_crt_set_extension_by_oid(cert, oid, ext->data, ext->size, 0);
	gnutls_free(ext->data);
	return r;
}

/*
 * The id by which other certificates name this one's key.  A self-signed one gets an id of its own,
 * which also differs after a renewal with the same key: OpenSSL looks an issuer up by name and id
 * and takes the first that fits, so only then can a client have the old one and the new one in one
 * file.
 */
static int
set_key(gnutls_x509_crt_t cert, gnutls_pubkey_t key, int self_signed)
{
	unsigned char id[20];
	gnutls_datum_t data = { id, 0 }, ext = { NULL, 0 };
	size_t len = sizeof(id);
	int r;

	if ((r = gnutls_x509_crt_set_pubkey(cert, key)) < 0)
		return r;
	r = self_signed ? gnutls_x509_crt_get_serial(cert, id, &len) :
			  gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA1, id, &len);
	if (r < 0)
		return r;
	data.size = (unsigned)len;
	r = gnutls_x509_ext_export_subject_key_id(&data, &ext);
	return set_extension(cert, GNUTLS_X509EXT_OID_SUBJECT_KEY_ID, r, &ext);
}

/* Names the issuer's key. */
static int
set_issuer_key(gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer)
{
	unsigned char id[64];
	gnutls_datum_t data = { id, 0 }, ext = { NULL, 0 };
	size_t len = sizeof(id);
	gnutls_x509_aki_t aki;
	int r = gnutls_x509_crt_get_subject_key_id(issuer, id, &len, NULL);

	data.size = (unsigned)len;
	if (r < 0 || (r = gnutls_x509_aki_init(&aki)) < 0)
		return r;
	if ((r = gnutls_x509_aki_set_id(aki, &data)) == 0)
		r = gnutls_x509_ext_export_authority_key_id(aki, &ext);
	gnutls_x509_aki_deinit(aki);
	return set_extension(cert, GNUTLS_X509EXT_OID_AUTHORITY_KEY_ID, r, &ext);
}

/* Sets the key, names the issuer's, and signs with that, which is the same if self-signed. */
static int
set_key_and_sign(gnutls_x509_crt_t cert, gnutls_pubkey_t key, const struct cert_issuer *issuer)
{
	gnutls_x509_crt_t by = issuer->cert != NULL ? issuer->cert : cert;
	int r;

	if ((r = set_key(cert, key, issuer->cert == NULL)) < 0 ||
	    (r = set_issuer_key(cert, by)) < 0)
		return r;
	return gnutls_x509_crt_privkey_sign(
	    cert, by, issuer->key->sign, key_digest(issuer->key), 0);
}

/*
 * Parses it again as others will: GnuTLS does not show everything of a certificate that it has
 * built in memory.
 */
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

static gnutls_x509_crt_t
give_up(gnutls_x509_crt_t cert, int r, struct failure *why)
{
	failure_set(why, EX_SOFTWARE, "make a certificate: %s", gnutls_strerror(r));
	gnutls_x509_crt_deinit(cert);
	return NULL;
}

gnutls_x509_crt_t
cert_issue(const struct request *request, gnutls_pubkey_t key, const struct cert_issuer *issuer,
    const struct cert_terms *terms, struct failure *why)
{
	gnutls_x509_crt_t cert = NULL;
	int r;

	if ((r = gnutls_x509_crt_init(&cert)) < 0 ||
	    (r = gnutls_x509_crt_set_version(cert, 3)) < 0 || (r = set_terms(cert, terms)) < 0 ||
	    (r = subject_apply(cert, request)) < 0 ||
	    (r = set_key_and_sign(cert, key, issuer)) < 0 || (r = read_back(&cert)) < 0)
		return give_up(cert, r, why);
	return cert;
}

gnutls_x509_crt_t
cert_renew(gnutls_x509_crt_t old, gnutls_pubkey_t key, const struct cert_issuer *issuer,
    const struct cert_terms *terms, struct failure *why)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_x509_crt_t cert = NULL;
	int r;

	/* Copy the old one and change its dates: the rest was checked when it was made. */
	if ((r = gnutls_x509_crt_export2(old, GNUTLS_X509_FMT_DER, &der)) == 0 &&
	    (r = gnutls_x509_crt_init(&cert)) == 0)
		r = gnutls_x509_crt_import(cert, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	if (r < 0 || (r = set_terms(cert, terms)) < 0 ||
	    (r = set_key_and_sign(cert, key, issuer)) < 0 || (r = read_back(&cert)) < 0)
		return give_up(cert, r, why);
	return cert;
}

gnutls_x509_crt_t
cert_make(const struct request *request, const struct key *key, time_t now, struct failure *why)
{
	const struct cert_issuer itself = { NULL, key };
	struct cert_terms terms;
	gnutls_x509_crt_t cert = NULL;
	gnutls_pubkey_t public;

	if (cert_terms_init(&terms, request, now, why) == -1 ||
	    (public = key_public(key, why)) == NULL)
		return NULL;
	cert = cert_issue(request, public, &itself, &terms, why);
	gnutls_pubkey_deinit(public);
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
	gnutls_datum_t data = { NULL, 0 };
	unsigned count = 0;
	struct failure text;
	char *chain;
	ssize_t n = pemfile_chain(pem, len, &chain, &text);
	int r;

	*certs = NULL;
	if (n == -1)
		return failure_set(why, EX_DATAERR, "%s", text.text);
	data = (gnutls_datum_t){ (unsigned char *)chain, (unsigned)n };
	r = gnutls_x509_crt_list_import2(certs, &count, &data, GNUTLS_X509_FMT_PEM, 0);
	if (r < 0) {
		*certs = NULL;
		(void)pemfile_blame_chain(chain, (size_t)n, r, &text);
		(void)failure_set(why, EX_DATAERR, "%s", text.text);
	}
	free(chain);
	if (r < 0)
		return -1;
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
cert_matches(gnutls_x509_crt_t cert, const struct key *key)
{
	unsigned char of_cert[32], of_key[32];
	size_t cert_len = sizeof(of_cert), key_len = sizeof(of_key);
	gnutls_pubkey_t public = key_public(key, NULL);
	int matches = public != NULL &&
	    gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, of_cert, &cert_len) == 0 &&
	    gnutls_pubkey_get_key_id(public, GNUTLS_KEYID_USE_SHA256, of_key, &key_len) == 0 &&
	    cert_len == key_len && memcmp(of_cert, of_key, cert_len) == 0;

	gnutls_pubkey_deinit(public);
	return matches;
}
