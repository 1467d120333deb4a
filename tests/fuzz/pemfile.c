/*
 * libFuzzer: a PEM, however broken.  A key is one of its blocks.  The certificates that were found
 * hold no key, and give the same result when read again.  A refusal has a reason.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "../../common/pemfile.h"

#define BEGIN "-----BEGIN "
#define DASHES "-----"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
check_failure(const struct failure *why)
{
	must((why->code == EX_NOINPUT || why->code == EX_CONFIG) && why->text[0] != '\0');
}

static void
check_key(const char *pem, size_t len)
{
	gnutls_x509_privkey_t key;
	struct failure why;
	const char *begin;
	ssize_t n = pemfile_key(pem, len, &begin, &why);
	gnutls_datum_t text;

	if (n == -1) {
		check_failure(&why);
		return;
	}
	must(begin >= pem && begin + n <= pem + len);
	must(memcmp(begin, BEGIN, strlen(BEGIN)) == 0);
	must(memcmp(begin + n - strlen(DASHES), DASHES, strlen(DASHES)) == 0);
	text = (gnutls_datum_t){ (unsigned char *)(uintptr_t)begin, (unsigned)n };
	must(gnutls_x509_privkey_init(&key) == 0);
	if (gnutls_x509_privkey_import(key, &text, GNUTLS_X509_FMT_PEM) < 0) {
		must(pemfile_blame_key(begin, (size_t)n, GNUTLS_E_ASN1_DER_ERROR, &why) == -1);
		check_failure(&why);
	}
	gnutls_x509_privkey_deinit(key);
}

static void
check_chain(const char *pem, size_t len)
{
	struct failure why;
	char *chain, *again;
	const char *key;
	ssize_t n = pemfile_chain(pem, len, &chain, &why);

	if (n == -1) {
		check_failure(&why);
		must(chain == NULL);
		return;
	}
	must(n > 0 && strlen(chain) == (size_t)n);
	must(pemfile_key(chain, (size_t)n, &key, &why) == -1 && why.code == EX_NOINPUT);
	must(pemfile_chain(chain, (size_t)n, &again, &why) == n && strcmp(chain, again) == 0);
	must(pemfile_blame_chain(chain, (size_t)n, GNUTLS_E_ASN1_DER_ERROR, &why) == -1);
	check_failure(&why);
	free(chain);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *pem = malloc(size + 1);

	must(pem != NULL);
	memcpy(pem, data, size);
	pem[size] = '\0';
	check_key(pem, size);
	check_chain(pem, size);
	free(pem);
	return 0;
}
