/* Private keys.  A key leaves this process only in the PEM that is written to the file. */

#include "x509/key.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "pemfile.h"
#include "token.h"

#define CURVE(name) GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_##name)

static const struct {
	const char *option;
	struct key_kind kind;
} kinds[] = {
	{ "ecdsa-p256", { "ECDSA P-256", GNUTLS_PK_ECDSA, CURVE(SECP256R1) } },
	{ "ecdsa", { "ECDSA P-256", GNUTLS_PK_ECDSA, CURVE(SECP256R1) } },
	{ "ecdsa-p384", { "ECDSA P-384", GNUTLS_PK_ECDSA, CURVE(SECP384R1) } },
	{ "rsa", { "RSA 3072", GNUTLS_PK_RSA, 3072 } },
	{ "rsa:2048", { "RSA 2048", GNUTLS_PK_RSA, 2048 } },
	{ "rsa:3072", { "RSA 3072", GNUTLS_PK_RSA, 3072 } },
	{ "rsa:4096", { "RSA 4096", GNUTLS_PK_RSA, 4096 } },
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
key_kind_of(const struct key *key)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_privkey_get_pk_algorithm2(key->memory, &bits);

	if (algorithm == GNUTLS_PK_RSA)
		return key_kind_parse(bits > 3072 ? "rsa:4096" :
			bits > 2048               ? "rsa:3072" :
						    "rsa:2048",
		    NULL);
	return key_kind_parse(bits > 256 ? "ecdsa-p384" : "ecdsa-p256", NULL);
}

/* What signs with the key in memory: 0 or GnuTLS's error. */
static int
prepare(struct key *key)
{
	int r = gnutls_privkey_init(&key->sign);

	return r < 0 ? r : gnutls_privkey_import_x509(key->sign, key->memory, 0);
}

int
key_make(struct key *key, const struct key_kind *kind, struct failure *why)
{
	int r;

	*key = (struct key){ .memory = NULL };
	if ((r = gnutls_x509_privkey_init(&key->memory)) == 0 &&
	    (r = gnutls_x509_privkey_generate(key->memory, kind->algorithm, kind->bits, 0)) == 0 &&
	    (r = prepare(key)) == 0)
		return 0;
	key_free(key);
	return failure_set(why, EX_SOFTWARE, "make a key (%s): %s", kind->text, gnutls_strerror(r));
}

int
key_open(struct key *key, const char *url, size_t len, struct failure *why)
{
	*key = (struct key){ .memory = NULL };
	if ((key->token = calloc(1, sizeof(*key->token))) == NULL ||
	    (key->url = strndup(url, len)) == NULL) {
		key_free(key);
		return failure_set(why, EX_OSERR, "out of memory");
	}
	if (token_url_read(&key->token->url, url, len, why) == -1 ||
	    token_open(key->token, why) == -1) {
		key_free(key);
		return -1;
	}
	key->sign = key->token->key;
	return 0;
}

void
key_free(struct key *key)
{
	if (key->token != NULL)
		token_close(key->token);
	else
		gnutls_privkey_deinit(key->sign);
	gnutls_x509_privkey_deinit(key->memory);
	free(key->token);
	file_wipe(key->url, key->url == NULL ? 0 : strlen(key->url));
	*key = (struct key){ .memory = NULL };
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
key_pem(const struct key *key, struct failure *why)
{
	char *line;

	if (key->token == NULL)
		return export_pem(key->memory, NULL, GNUTLS_PKCS_PLAIN, why);
	if (asprintf(&line, "%s\n", key->url) != -1)
		return line;
	failure_set(why, EX_OSERR, "out of memory");
	return NULL;
}

char *
key_pem_locked(const struct key *key, const char *passphrase, struct failure *why)
{
	return export_pem(key->memory, passphrase, GNUTLS_PKCS_PBES2_AES_256, why);
}

gnutls_digest_algorithm_t
key_digest(const struct key *key)
{
	gnutls_pubkey_t public = key_public(key, NULL);
	unsigned bits = 0;
	bool is_large = public != NULL &&
	    gnutls_pubkey_get_pk_algorithm(public, &bits) == GNUTLS_PK_ECDSA && bits > 256;

	gnutls_pubkey_deinit(public);
	return is_large ? GNUTLS_DIG_SHA384 : GNUTLS_DIG_SHA256;
}

/* Reads it again from its own DER: of an elliptic key in a token GnuTLS 3.7 knows no size. */
static int
read_again(gnutls_pubkey_t *public)
{
	gnutls_datum_t der = { NULL, 0 };
	int r = gnutls_pubkey_export2(*public, GNUTLS_X509_FMT_DER, &der);

	if (r < 0)
		return r;
	gnutls_pubkey_deinit(*public);
	*public = NULL;
	if ((r = gnutls_pubkey_init(public)) == 0)
		r = gnutls_pubkey_import(*public, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	return r;
}

gnutls_pubkey_t
key_public(const struct key *key, struct failure *why)
{
	gnutls_pubkey_t public = NULL;
	int r;

	if ((r = gnutls_pubkey_init(&public)) == 0 &&
	    (r = gnutls_pubkey_import_privkey(public, key->sign, 0, 0)) == 0 &&
	    (key->token == NULL || (r = read_again(&public)) == 0))
		return public;
	failure_set(why, EX_SOFTWARE, "the public half of a key: %s%s", gnutls_strerror(r),
	    key->token != NULL ? "; it must be in the token too" : "");
	gnutls_pubkey_deinit(public);
	return NULL;
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
import_pem(const char *pem, size_t len, const char *passphrase, struct key *key)
{
	const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	int r;

	*key = (struct key){ .memory = NULL };
	if ((r = gnutls_x509_privkey_init(&key->memory)) == 0 &&
	    (r = gnutls_x509_privkey_import2(key->memory, &data, GNUTLS_X509_FMT_PEM, passphrase,
		 passphrase == NULL ? GNUTLS_PKCS_PLAIN : 0)) == 0 &&
	    (r = prepare(key)) == 0)
		return 0;
	key_free(key);
	return r;
}

int
key_load(const char *pem, size_t len, struct key *key, struct failure *why)
{
	struct failure text;
	const char *block;
	ssize_t n = pemfile_key(pem, len, &block, &text);
	size_t url_len;
	int r;

	*key = (struct key){ .memory = NULL };
	if (n == -1 && text.code == EX_NOINPUT) {
		url_len = token_url_find(pem, &block);
		if (url_len == 0)
			return 0;
		return key_open(key, block, url_len, why) == -1 ? -1 : 1;
	}
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
key_load_locked(
    const char *pem, size_t len, const char *passphrase, struct key *key, struct failure *why)
{
	int r = import_pem(pem, len, passphrase, key);

	if (r == GNUTLS_E_DECRYPTION_FAILED)
		return failure_set(why, EX_NOPERM, "the passphrase is wrong");
	if (r < 0)
		return failure_set(
		    why, EX_DATAERR, "the private key cannot be read: %s", gnutls_strerror(r));
	return 1;
}
