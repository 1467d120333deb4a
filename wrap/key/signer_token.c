/* A signer whose key is in a token: opened, tried, explained. */

#include "key/signer_token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "file.h"
#include "leaf.h"
#include "pemfile.h"
#include "strength.h"
#include "token.h"
#include "key/token_watch.h"

/* Puts the file's name in front, unless the URL was given alone. */
static int
named(const struct signer *s, struct failure *why)
{
	const struct failure text = *why;

	if (token_url_is(s->path))
		return -1;
	return failure_set(why, text.code, "%s: %s", s->path, text.text);
}

bool
signer_is_token(const char *path)
{
	struct failure why;
	const char *found;
	char *pem = NULL;
	size_t len = 0;
	bool is;

	if (token_url_is(path))
		return true;
	if (file_read(path, FILE_PEM_MAX, &pem, &len, &why) == -1)
		return false;
	is = pemfile_key(pem, len, &found, &why) == -1 && why.code == EX_NOINPUT &&
	    token_url_find(pem, &found) > 0;
	file_wipe(pem, len);
	return is;
}

static int
check_strength(const struct signer *s, struct failure *why)
{
	unsigned bits = 0;
	int algorithm = gnutls_privkey_get_pk_algorithm(s->token->key, &bits);

	if (!strength_is_weak_rsa(algorithm, bits))
		return 0;
	return failure_set(why, EX_CONFIG,
	    "%s: its RSA key has %u bits, which today's TLS libraries refuse; make a new one in the "
	    "token",
	    s->token->url.text, bits);
}

int
signer_token_open(struct signer *s, const char *url, size_t len, struct failure *why)
{
	ssize_t n = 0;

	if ((s->token = calloc(1, sizeof(*s->token))) == NULL)
		return failure_set(why, EX_OSERR, "out of memory");
	if (token_url_read(&s->token->url, url, len, why) == -1)
		return named(s, why);
	token_watch_begin(s->path, s->token->url.text);
	if (token_open(s->token, why) == -1 || check_strength(s, why) == -1 ||
	    (s->chain == NULL && (n = token_chain(s->token, &s->chain, why)) == -1))
		n = named(s, why);
	token_watch_end();
	if (n == -1)
		return -1;
	if (n > 0)
		s->chain_len = (size_t)n;
	s->key = s->token->key;
	return 0;
}

/* The algorithm that a handshake would ask a key of this kind for, and its hash. */
static gnutls_sign_algorithm_t
algorithm_for(gnutls_pubkey_t leaf)
{
	unsigned bits = 0;
	int kind = gnutls_pubkey_get_pk_algorithm(leaf, &bits);

	if (kind == GNUTLS_PK_RSA)
		return GNUTLS_SIGN_RSA_PSS_RSAE_SHA256;
	if (kind == GNUTLS_PK_RSA_PSS)
		return GNUTLS_SIGN_RSA_PSS_SHA256;
	if (kind == GNUTLS_PK_EDDSA_ED25519)
		return GNUTLS_SIGN_EDDSA_ED25519;
	return bits > 384 ? GNUTLS_SIGN_ECDSA_SHA512 :
	    bits > 256    ? GNUTLS_SIGN_ECDSA_SHA384 :
			    GNUTLS_SIGN_ECDSA_SHA256;
}

/* Signs with the key, and verifies with the certificate: 0 or GnuTLS's error. */
static int
try_key(const struct signer *s, gnutls_pubkey_t leaf, gnutls_sign_algorithm_t algorithm)
{
	static unsigned char text[64]; /* any text will do */
	gnutls_datum_t in = { text, sizeof(text) }, signature = { NULL, 0 };
	int r = gnutls_privkey_sign_data2(s->token->key, algorithm, 0, &in, &signature);

	if (r < 0)
		return r;
	r = gnutls_pubkey_verify_data2(leaf, algorithm, 0, &in, &signature);
	gnutls_free(signature.data);
	return r < 0 ? GNUTLS_E_CERTIFICATE_KEY_MISMATCH : 0;
}

static int
blame_match(const struct signer *s, int error, struct failure *why)
{
	if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		(void)failure_set(why, EX_CONFIG,
		    "%s: the token's key does not belong to the first certificate; the server's own "
		    "comes first, before those that issued it",
		    s->token->url.text);
	else if (token_is_lost(error))
		(void)token_blame(s->token, error, why);
	else
		(void)failure_set(why, EX_CONFIG,
		    "%s: the token's key cannot sign as the certificate says: %s",
		    s->token->url.text, gnutls_strerror(error));
	return named(s, why);
}

/* The public key of the first certificate; NULL where it cannot be read. */
static gnutls_pubkey_t
read_leaf(const struct signer *s, const char **fault)
{
	gnutls_datum_t pem = { (unsigned char *)s->chain, (unsigned)s->chain_len };
	gnutls_x509_crt_t leaf = NULL;
	gnutls_pubkey_t key = NULL;

	*fault = NULL;
	if (gnutls_x509_crt_init(&leaf) < 0 || gnutls_pubkey_init(&key) < 0 ||
	    gnutls_x509_crt_import(leaf, &pem, GNUTLS_X509_FMT_PEM) < 0 ||
	    gnutls_pubkey_import_x509(key, leaf, 0) < 0) {
		gnutls_pubkey_deinit(key);
		key = NULL;
	} else
		*fault = leaf_fault(leaf);
	gnutls_x509_crt_deinit(leaf);
	return key;
}

int
signer_token_match(const struct signer *s, struct failure *why)
{
	const char *fault;
	gnutls_pubkey_t leaf = read_leaf(s, &fault);
	int r = GNUTLS_E_PARSING_ERROR;

	token_watch_begin(s->path, s->token->url.text);
	if (leaf != NULL)
		r = try_key(s, leaf, algorithm_for(leaf));
	token_watch_end();
	gnutls_pubkey_deinit(leaf);
	if (r < 0)
		return blame_match(s, r, why);
	if (fault == NULL)
		return 0;
	(void)failure_set(why, EX_CONFIG, "%s: its %s", s->token->url.text, fault);
	return named(s, why);
}

void
signer_token_text(const struct signer *s, char *out, size_t size)
{
	char label[64];
	const char *fault;
	gnutls_pubkey_t leaf = read_leaf(s, &fault);
	unsigned bits = 0;
	int kind = leaf != NULL ? gnutls_pubkey_get_pk_algorithm(leaf, &bits) : 0;

	if (token_url_value(s->token->found, "token", label, sizeof(label)) == -1)
		label[0] = '\0';
	(void)snprintf(out, size, "%s in the token '%s' signs; %s, %u bits", s->token->url.text,
	    label, gnutls_pk_get_name((gnutls_pk_algorithm_t)kind), bits);
	gnutls_pubkey_deinit(leaf);
}

int
signer_token_blame(struct signer *s, int error, struct failure *why)
{
	(void)blame_match(s, error, why);
	if (token_is_lost(error))
		s->lost = *why;
	return -1;
}

void
signer_token_close(struct signer *s)
{
	token_close(s->token);
	free(s->token);
	s->token = NULL;
	s->key = NULL;
}
