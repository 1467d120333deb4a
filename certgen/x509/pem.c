/*
 * The text of FILE.pem.  PostgreSQL, OpenSSL and GnuTLS skip its comment, which is for people who
 * open the file.
 */

#include "x509/pem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "x509/cert.h"
#include "file.h"
#include "x509/key.h"
#include "x509/view.h"

static void
print_comment(FILE *out, const struct key *key, gnutls_x509_crt_t cert)
{
	char text[1024];

	(void)fputs(key->token == NULL ?
		"# Private key and certificate by inetls-certgen " INETLS_VERSION ".\n"
		"# Whoever reads this file can pose as its owner.\n" :
		"# Certificate by inetls-certgen " INETLS_VERSION
		".  Its key is in a token; the URL names it.\n",
	    out);
	(void)fputs(gnutls_x509_crt_check_issuer(cert, cert) ?
		"# Clients get the .crt beside it.\n" :
		"# Those who verify it get the CA's certificate.\n",
	    out);
	for (unsigned i = 0; view_name(cert, i, text, sizeof(text)); i++)
		(void)fprintf(out, "# name     %s\n", text);
	(void)fprintf(
	    out, "# expires  %s\n", view_date(gnutls_x509_crt_get_expiration_time(cert), text));
	(void)fprintf(out, "# SHA-256  %s\n", view_fingerprint(cert, text));
	(void)fprintf(out, "# pin      %s\n", view_pin(cert, text));
}

/*
 * Made apart from the rest: a stream moves its memory as it grows and does not wipe the old place.
 */
static char *
comment_text(const struct key *key, gnutls_x509_crt_t cert)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	print_comment(out, key, cert);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *
pem_chain(gnutls_x509_crt_t *certs, int count, struct failure *why)
{
	char *all = calloc(1, 1), *one, *longer;

	for (int i = 0; all != NULL && i < count; i++) {
		if (gnutls_x509_crt_check_issuer(certs[i], certs[i]))
			continue;
		if ((one = cert_pem(certs[i], why)) == NULL) {
			free(all);
			return NULL;
		}
		longer = realloc(all, strlen(all) + strlen(one) + 1);
		if (longer != NULL)
			(void)strcat(longer, one);
		else
			free(all);
		all = longer;
		free(one);
	}
	if (all == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	return all;
}

/*
 * Joins the texts.  texts[1] is the key and is wiped; all are freed.  If a text is NULL, its
 * failure was reported already.
 */
static char *
join(char *texts[4], struct failure *why)
{
	char *pem = NULL;
	size_t size = 1;
	int whole = 1;

	for (int i = 0; i < 4; i++) {
		whole = whole && texts[i] != NULL;
		size += texts[i] == NULL ? 0 : strlen(texts[i]);
	}
	if (whole && (pem = malloc(size)) == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	if (pem != NULL)
		(void)snprintf(pem, size, "%s%s%s%s", texts[0], texts[1], texts[2], texts[3]);
	file_wipe(texts[1], texts[1] == NULL ? 0 : strlen(texts[1]));
	free(texts[0]);
	free(texts[2]);
	free(texts[3]);
	return pem;
}

char *
pem_join(const struct key *key, gnutls_x509_crt_t cert, gnutls_x509_crt_t *chain, int count,
    struct failure *why)
{
	char *texts[4];

	if ((texts[0] = comment_text(key, cert)) == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	texts[1] = key_pem(key, why);
	texts[2] = cert_pem(cert, why);
	texts[3] = pem_chain(chain, count, why);
	return join(texts, why);
}

char *
pem_key(const struct key *key, const char *answer, struct failure *why)
{
	char comment[PATH_MAX + 256];
	char *texts[4];

	(void)snprintf(comment, sizeof(comment),
	    "# %s by inetls-certgen " INETLS_VERSION ".  The CA's answer goes below it:\n"
	    "# the certificate first, then those that lead to the root, if any: cat answer.pem >> %s\n",
	    key->token == NULL ? "Private key" : "URL of a key in a token", answer);
	texts[0] = strdup(comment);
	texts[1] = key_pem(key, why);
	texts[2] = strdup("");
	texts[3] = strdup("");
	if (texts[0] == NULL || texts[2] == NULL || texts[3] == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	return join(texts, why);
}

int
pem_check(const char *pem, const struct key *key, struct failure *why)
{
	struct key read = { .sign = NULL };
	gnutls_x509_crt_t *certs = NULL;
	int count = cert_load(pem, strlen(pem), &certs, why), found = 1, r = -1;

	if (count > 0 && key->token == NULL)
		found = key_load(pem, strlen(pem), &read, why);
	if (count > 0 && found == 1 && cert_matches(certs[0], key->token == NULL ? &read : key))
		r = 0;
	else if (count > 0 && found != -1)
		failure_set(why, EX_SOFTWARE,
		    "the new key does not belong to the new certificate; nothing was written");
	cert_free(certs, count);
	key_free(&read);
	return r;
}
