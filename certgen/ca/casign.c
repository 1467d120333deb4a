/*
 * Signing.  The order is what the CA relies on: lock, choose a serial, sign, record and sync, hand
 * out, unlock.
 */

#include "ca/casign.h"

#include <stdio.h>
#include <string.h>

#include "x509/view.h"

#define SERIAL_TRIES 10 /* even a second try means that the random generator is broken */

int
casign_begin(struct casign *sign, const struct ca *ca, struct failure *why)
{
	char path[PATH_MAX];

	memset(sign, 0, sizeof(*sign));
	sign->ca = ca;
	return index_open(&sign->index, ca_path(ca, "index", path), why);
}

void
casign_end(struct casign *sign)
{
	index_close(&sign->index);
}

static const char *
print_serial(const unsigned char *serial, size_t len, char buf[INDEX_SERIAL_MAX])
{
	*buf = '\0';
	for (size_t i = 0; i < len && 2 * i + 2 < INDEX_SERIAL_MAX; i++)
		(void)snprintf(buf + 2 * i, 3, "%02X", serial[i]);
	return buf;
}

/* Prepares the entry for the record. */
static void
describe(struct casign *sign, gnutls_x509_crt_t cert, time_t now)
{
	char names[sizeof(sign->names) - 16];
	int client = view_is_client(cert);

	sign->entry.event = INDEX_ISSUED;
	(void)view_serial(cert, sign->entry.serial, sizeof(sign->entry.serial));
	sign->entry.when = now;
	sign->entry.expires = gnutls_x509_crt_get_expiration_time(cert);
	(void)snprintf(sign->names, sizeof(sign->names), "%s\t%s", client ? "client" : "server",
	    view_names(cert, names, sizeof(names)));
	sign->entry.rest = sign->names;
	sign->entry.rest_len = strlen(sign->names);
}

static int
choose_terms(struct casign *sign, const struct request *request, time_t now,
    struct cert_terms *terms, struct failure *why)
{
	time_t last = gnutls_x509_crt_get_expiration_time(sign->ca->certs[0]);
	char serial[INDEX_SERIAL_MAX];

	for (int tries = 0; tries < SERIAL_TRIES; tries++) {
		if (cert_terms_init(terms, request, now, why) == -1)
			return -1;
		if (terms->end > last)
			terms->end = last;
		if (!index_issued(
			&sign->index, print_serial(terms->serial, CERT_SERIAL_LEN, serial)))
			return 0;
	}
	return failure_set(why, EX_SOFTWARE,
	    "every random serial is in %s already: is the random generator broken?",
	    sign->index.path);
}

/* Verifies the new certificate as its clients will, so that a bad one is found here. */
static gnutls_x509_crt_t
approve(struct casign *sign, gnutls_x509_crt_t cert, time_t now, struct failure *why)
{
	unsigned status = 0;
	int r = gnutls_x509_crt_list_verify(
	    &cert, 1, sign->ca->certs, 1, NULL, 0, GNUTLS_VERIFY_ALLOW_X509_V1_CA_CRT, &status);

	if (r == 0 && status == 0) {
		describe(sign, cert, now);
		return cert;
	}
	failure_set(why, EX_SOFTWARE,
	    "the certificate does not verify under this CA (%s, 0x%x): nothing was written",
	    gnutls_strerror(r), status);
	gnutls_x509_crt_deinit(cert);
	return NULL;
}

gnutls_x509_crt_t
casign_issue(struct casign *sign, const struct request *request, gnutls_pubkey_t key, time_t now,
    struct failure *why)
{
	const struct cert_issuer issuer = { sign->ca->certs[0], &sign->ca->key };
	struct cert_terms terms;
	gnutls_x509_crt_t cert;

	if (choose_terms(sign, request, now, &terms, why) == -1 ||
	    (cert = cert_issue(request, key, &issuer, &terms, why)) == NULL)
		return NULL;
	return approve(sign, cert, now, why);
}

gnutls_x509_crt_t
casign_renew(struct casign *sign, gnutls_x509_crt_t old, gnutls_pubkey_t key,
    const struct request *request, time_t now, struct failure *why)
{
	const struct cert_issuer issuer = { sign->ca->certs[0], &sign->ca->key };
	struct cert_terms terms;
	gnutls_x509_crt_t cert;

	if (choose_terms(sign, request, now, &terms, why) == -1 ||
	    (cert = cert_renew(old, key, &issuer, &terms, why)) == NULL)
		return NULL;
	return approve(sign, cert, now, why);
}

int
casign_record(void *context, struct failure *why)
{
	struct casign *sign = context;

	return index_append(&sign->index, &sign->entry, why);
}
