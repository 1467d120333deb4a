/* What --check reports of the certificates: names, dates, order. */

#include "key/signer.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define DAY_S (24 * 60 * 60)

/*
 * Adds a name that a client may have been given.  Other kinds of name are left out, and so is what
 * does not fit.
 */
static void
add_name(struct signer_facts *f, unsigned type, const unsigned char *data, size_t len)
{
	char text[256];
	size_t used = strlen(f->names);
	int family = len == 4 ? AF_INET : AF_INET6;

	if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16))
		(void)inet_ntop(family, data, text, sizeof(text));
	else if (type == GNUTLS_SAN_DNSNAME)
		(void)snprintf(text, sizeof(text), "%.*s", (int)len, (const char *)data);
	else
		return;
	for (char *c = text; *c != '\0'; c++)
		if (!isgraph((unsigned char)*c))
			*c = '?';
	(void)snprintf(
	    f->names + used, sizeof(f->names) - used, "%s%s", used > 0 ? ", " : "", text);
}

static void
find_names(struct signer_facts *f, gnutls_x509_crt_t leaf)
{
	unsigned char data[256];
	size_t len = sizeof(data);
	unsigned type;

	for (unsigned i = 0; gnutls_x509_crt_get_subject_alt_name2(leaf, i, data, &len, &type,
				 NULL) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	     i++, len = sizeof(data))
		if (len < sizeof(data))
			add_name(f, type, data, len);
}

/* The common name: psql uses it where there are no other names. */
static void
find_common(struct signer_facts *f, gnutls_x509_crt_t leaf)
{
	size_t len = sizeof(f->common);

	if (gnutls_x509_crt_get_dn_by_oid(
		leaf, GNUTLS_OID_X520_COMMON_NAME, 0, 0, f->common, &len) < 0)
		f->common[0] = '\0';
	for (char *c = f->common; *c != '\0'; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
}

static void
find_dates(struct signer_facts *f, const gnutls_x509_crt_t *chain, unsigned n)
{
	time_t now = time(NULL), left;

	for (unsigned i = 0; i < n; i++) {
		left = gnutls_x509_crt_get_expiration_time(chain[i]) - now;
		if (left > 0)
			left += 3600; /* as inetls-certgen counts them */
		if (i == 0 || left / DAY_S < f->days)
			f->days = left / DAY_S;
		f->expired |= left < 0;
		f->early |= gnutls_x509_crt_get_activation_time(chain[i]) > now;
	}
}

int
signer_look(const struct signer *s, struct signer_facts *f, struct failure *why)
{
	gnutls_datum_t pem = { (unsigned char *)s->chain, (unsigned)s->chain_len };
	gnutls_x509_crt_t *chain = NULL;
	int r;

	*f = (struct signer_facts){ .ordered = true };
	r = gnutls_x509_crt_list_import2(
	    &chain, &f->n, &pem, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
	if (r == GNUTLS_E_CERTIFICATE_LIST_UNSORTED) {
		f->ordered = false;
		r = gnutls_x509_crt_list_import2(&chain, &f->n, &pem, GNUTLS_X509_FMT_PEM, 0);
	}
	if (r < 0)
		return failure_set(
		    why, EX_CONFIG, "%s: %s in its certificates", s->path, gnutls_strerror(r));
	find_names(f, chain[0]);
	find_common(f, chain[0]);
	find_dates(f, chain, f->n);
	for (unsigned i = 0; i < f->n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	gnutls_free(chain);
	return 0;
}
