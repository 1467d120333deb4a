/* Private keys.  A key leaves this process only in the PEM that is written to the file. */

#include "x509/key.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pemfile.h"

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
		    "'%.40s' is not a kind of key: ecdsa-p256, ecdsa-p384, rsa:2048, "
		    "rsa:3072 or rsa:4096",
		    text);
	return NULL;
}

const struct key_kind *
key_kind_of(gnutls_x509_privkey_t key)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_privkey_get_pk_algorithm2(key, &bits);

	if (algorithm == GNUTLS_PK_RSA)
		return key_kind_parse(bits > 3072 ? "rsa:4096" :
			bits > 2048               ? "rsa:3072" :
						    "rsa:2048",
		    NULL);
	return key_kind_parse(bits > 256 ? "ecdsa-p384" : "ecdsa-p256", NULL);
}

gnutls_x509_privkey_t
key_make(const struct key_kind *kind, struct failure *why)
{
	gnutls_x509_privkey_t key = NULL;
	int r;

	if ((r = gnutls_x509_privkey_init(&key)) < 0 ||
	    (r = gnutls_x509_privkey_generate(key, kind->algorithm, kind->bits, 0)) < 0) {
		failure_set(
		    why, EX_SOFTWARE, "make a key (%s): %s", kind->text, gnutls_strerror(r));
		gnutls_x509_privkey_deinit(key);
		return NULL;
	}
	return key;
}

static char *
export_pem(gnutls_x509_privkey_t key, const char *passphrase, unsigned flags, struct failure *why)
{
	gnutls_datum_t pem = { NULL, 0 };
	char *copy = NULL;
	int r = gnutls_x509_privkey_export2_pkcs8(
	    key, GNUTLS_X509_FMT_PEM, passphrase, flags, &pem);

	if (r < 0)
		failure_set(why, EX_SOFTWARE, "write the key as PKCS#8: %s", gnutls_strerror(r));
	else if ((copy = strndup((const char *)pem.data, pem.size)) == NULL)
		failure_set(why, EX_OSERR, "write the key as PKCS#8: out of memory");
	if (pem.data != NULL)
		gnutls_memset(pem.data, 0, pem.size);
	gnutls_free(pem.data);
	return copy;
}

char *
key_pem(gnutls_x509_privkey_t key, struct failure *why)
{
	return export_pem(key, NULL, GNUTLS_PKCS_PLAIN, why);
}

char *
key_pem_locked(gnutls_x509_privkey_t key, const char *passphrase, struct failure *why)
{
	return export_pem(key, passphrase, GNUTLS_PKCS_PBES2_AES_256, why);
}

gnutls_pubkey_t
key_public(gnutls_x509_privkey_t key, struct failure *why)
{
	gnutls_privkey_t abstract = NULL;
	gnutls_pubkey_t public = NULL;
	int r;

	if ((r = gnutls_privkey_init(&abstract)) < 0 ||
	    (r = gnutls_privkey_import_x509(abstract, key, GNUTLS_PRIVKEY_IMPORT_COPY)) < 0 ||
	    (r = gnutls_pubkey_init(&public)) < 0 ||
	    (r = gnutls_pubkey_import_privkey(public, abstract, 0, 0)) < 0) {
		failure_set(why, EX_SOFTWARE, "the public half of a key: %s", gnutls_strerror(r));
		gnutls_pubkey_deinit(public);
		public = NULL;
	}
	gnutls_privkey_deinit(abstract);
	return public;
}

const struct key_kind *
key_kind_of_public(gnutls_pubkey_t key, struct failure *why)
{
	static const char *const wanted[] = { "ecdsa-p256", "ecdsa-p384", "rsa:2048", "rsa:3072",
		"rsa:4096" };
	unsigned bits = 0;
	int algorithm = gnutls_pubkey_get_pk_algorithm(key, &bits);

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct key_kind *kind = key_kind_parse(wanted[i], NULL);
		unsigned kind_bits = GNUTLS_BITS_ARE_CURVE(kind->bits) ?
		    8 * (unsigned)gnutls_ecc_curve_get_size(GNUTLS_BITS_TO_CURVE(kind->bits)) :
		    kind->bits;

		if ((int)kind->algorithm == algorithm && kind_bits == bits)
			return kind;
	}
	failure_set(why, EX_DATAERR,
	    "its key (%s, %u bits) is not accepted by every client; use ECDSA on "
	    "P-256 or P-384, or RSA of 2048, 3072 or 4096 bits",
	    algorithm < 0 ? "unknown" : gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm), bits);
	return NULL;
}

static int
import_pem(const char *pem, size_t len, const char *passphrase, gnutls_x509_privkey_t *key)
{
	const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	int r;

	if ((r = gnutls_x509_privkey_init(key)) == 0 &&
	    (r = gnutls_x509_privkey_import2(*key, &data, GNUTLS_X509_FMT_PEM, passphrase,
		 passphrase == NULL ? GNUTLS_PKCS_PLAIN : 0)) == 0)
		return 0;
	gnutls_x509_privkey_deinit(*key);
	*key = NULL;
	return r;
}

int
key_load(const char *pem, size_t len, gnutls_x509_privkey_t *key, struct failure *why)
{
	struct failure text;
	const char *block;
	ssize_t n = pemfile_key(pem, len, &block, &text);
	int r;

	*key = NULL;
	if (n == -1 && text.code == EX_NOINPUT)
		return 0;
	if (n >= 0 && (r = import_pem(block, (size_t)n, NULL, key)) < 0)
		n = pemfile_blame_key(block, (size_t)n, r, &text);
	return n == -1 ? failure_set(why, EX_DATAERR, "%s", text.text) : 1;
}

int
key_is_locked(const char *pem, size_t len)
{
	static const char mark[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

	return memmem(pem, len, mark, sizeof(mark) - 1) != NULL;
}

int
key_load_locked(const char *pem, size_t len, const char *passphrase, gnutls_x509_privkey_t *key,
    struct failure *why)
{
	int r = import_pem(pem, len, passphrase, key);

	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return failure_set(why, EX_NOPERM, "the passphrase is wrong");
	if (r < 0)
		return failure_set(
		    why, EX_DATAERR, "the private key cannot be read: %s", gnutls_strerror(r));
	return 1;
}
