/* FILE.pem.  PostgreSQL, OpenSSL and GnuTLS skip the comment; a person who opens the file reads it. */

#include "pem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cert.h"
#include "file.h"
#include "key.h"
#include "view.h"

static void
print_comment(FILE *out, gnutls_x509_crt_t cert)
{
	char text[1024];

	(void)fputs("# Private key and certificate by inetls-certgen " INETLS_VERSION ".\n"
		    "# Only the server may read this file; clients get the .crt beside it.\n",
	    out);
	for (unsigned i = 0; view_name(cert, i, text, sizeof(text)); i++)
		(void)fprintf(out, "# name     %s\n", text);
	(void)fprintf(out, "# expires  %s\n", view_date(gnutls_x509_crt_get_expiration_time(cert), text));
	(void)fprintf(out, "# SHA-256  %s\n", view_fingerprint(cert, text));
	(void)fprintf(out, "# pin      %s\n", view_pin(cert, text));
}

/* Made apart from the rest: a stream moves its memory as it grows, and what it leaves behind is not wiped. */
static char *
comment_text(gnutls_x509_crt_t cert)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	print_comment(out, cert);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *
pem_join(gnutls_x509_privkey_t key, gnutls_x509_crt_t cert, struct failure *why)
{
	char *comment = comment_text(cert), *cert_text = cert_pem(cert, why), *key_text = key_pem(key, why);
	char *pem = NULL;
	size_t size;

	if (comment == NULL)
		failure_set(why, EX_OSERR, "out of memory");
	if (comment != NULL && cert_text != NULL && key_text != NULL) {
		size = strlen(comment) + strlen(key_text) + strlen(cert_text) + 1;
		if ((pem = malloc(size)) == NULL)
			failure_set(why, EX_OSERR, "out of memory");
		else
			(void)snprintf(pem, size, "%s%s%s", comment, key_text, cert_text);
	}
	file_wipe(key_text, key_text == NULL ? 0 : strlen(key_text));
	free(cert_text);
	free(comment);
	return pem;
}

int
pem_check(const char *pem, struct failure *why)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t *certs = NULL;
	int count = cert_load(pem, strlen(pem), &certs, why), found, r = -1;

	found = count > 0 ? key_load(pem, strlen(pem), &key, why) : -1;
	if (found == 1 && cert_matches(certs[0], key))
		r = 0;
	else if (found != -1)
		failure_set(why, EX_SOFTWARE, "the new key is not the new certificate's; nothing was written");
	cert_free(certs, count);
	gnutls_x509_privkey_deinit(key);
	return r;
}
