/* Keys.  A key leaves this process only as the PEM that is written to the file. */

#include "key.h"

#include <stdlib.h>
#include <string.h>

#define CURVE(name) GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_##name)

static const struct {
	const char *option;
	struct key_kind kind;
} kinds[] = {
	{ "ecdsa-p256", { "ECDSA P-256", GNUTLS_PK_ECDSA, CURVE(SECP256R1), GNUTLS_DIG_SHA256 } },
	{ "ecdsa", { "ECDSA P-256", GNUTLS_PK_ECDSA, CURVE(SECP256R1), GNUTLS_DIG_SHA256 } },
	{ "ecdsa-p384", { "ECDSA P-384", GNUTLS_PK_ECDSA, CURVE(SECP384R1), GNUTLS_DIG_SHA384 } },
	{ "rsa", { "RSA 3072", GNUTLS_PK_RSA, 3072, GNUTLS_DIG_SHA256 } },
	{ "rsa:2048", { "RSA 2048", GNUTLS_PK_RSA, 2048, GNUTLS_DIG_SHA256 } },
	{ "rsa:3072", { "RSA 3072", GNUTLS_PK_RSA, 3072, GNUTLS_DIG_SHA256 } },
	{ "rsa:4096", { "RSA 4096", GNUTLS_PK_RSA, 4096, GNUTLS_DIG_SHA256 } },
};

const struct key_kind *
key_kind_parse(const char *text, struct failure *why)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(text, kinds[i].option) == 0)
			return &kinds[i].kind;
	if (strcmp(text, "ed25519") == 0)
		failure_set(why, EX_DATAERR,
		    "ed25519: libpq cannot log in by SCRAM through such a certificate (it finds no digest "
		    "for the channel binding); use ecdsa-p256");
	else
		failure_set(why, EX_DATAERR,
		    "'%.40s' is no kind of key: ecdsa-p256, ecdsa-p384, rsa:2048, rsa:3072 or rsa:4096", text);
	return NULL;
}

gnutls_x509_privkey_t
key_make(const struct key_kind *kind, struct failure *why)
{
	gnutls_x509_privkey_t key = NULL;
	int r;

	if ((r = gnutls_x509_privkey_init(&key)) < 0 ||
	    (r = gnutls_x509_privkey_generate(key, kind->algorithm, kind->bits, 0)) < 0) {
		failure_set(why, EX_SOFTWARE, "make a key (%s): %s", kind->text, gnutls_strerror(r));
		gnutls_x509_privkey_deinit(key);
		return NULL;
	}
	return key;
}

char *
key_pem(gnutls_x509_privkey_t key, struct failure *why)
{
	gnutls_datum_t pem = { NULL, 0 };
	char *copy = NULL;
	int r = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem);

	if (r < 0)
		failure_set(why, EX_SOFTWARE, "write the key as PKCS#8: %s", gnutls_strerror(r));
	else if ((copy = strndup((const char *)pem.data, pem.size)) == NULL)
		failure_set(why, EX_OSERR, "write the key as PKCS#8: out of memory");
	if (pem.data != NULL)
		gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return copy;
}

int
key_load(const char *pem, size_t len, gnutls_x509_privkey_t *key, struct failure *why)
{
	const gnutls_datum_t data = { (unsigned char *)pem, (unsigned)len };
	int r;

	*key = NULL;
	if (memmem(pem, len, "PRIVATE KEY-----", 16) == NULL)
		return 0;
	if ((r = gnutls_x509_privkey_init(key)) == 0 &&
	    (r = gnutls_x509_privkey_import2(*key, &data, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN)) == 0)
		return 1;
	gnutls_x509_privkey_deinit(*key);
	*key = NULL;
	return failure_set(why, EX_DATAERR, "the private key cannot be read: %s", gnutls_strerror(r));
}
