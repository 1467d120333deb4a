/* A PEM in memory: it gives out certificates and signatures, never the key. */

#include "key/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "file.h"
#include "leaf.h"
#include "pemfile.h"
#include "key/p256.h"
#include "key/signer_token.h"
#include "strength.h"
#include "token.h"
#include "key/token_watch.h"

/* Puts the file's name in front of an error of pemfile.h. */
static int
named(const struct signer *s, struct failure *why)
{
	const struct failure text = *why;

	return failure_set(
	    why, text.code == EX_NOINPUT ? EX_CONFIG : text.code, "%s: %s", s->path, text.text);
}

static int
find_parts(struct signer *s, struct failure *why)
{
	ssize_t key = pemfile_key(s->pem, s->len, &s->key_pem, why), chain = -1;
	const char *url = NULL;
	size_t url_len = 0;

	if (key == -1 && why->code == EX_NOINPUT && strlen(s->pem) == s->len)
		url_len = token_url_find(s->pem, &url);
	if ((key == -1 && url_len == 0) ||
	    (chain = pemfile_chain(s->pem, s->len, &s->chain, why)) == -1)
		return named(s, why);
	s->key_len = key == -1 ? 0 : (size_t)key;
	s->chain_len = (size_t)chain;
	return url_len == 0 ? 0 : signer_token_open(s, url, url_len, why);
}

int
signer_open(struct signer *s, const char *path, enum signable_role role, struct failure *why)
{
	*s = (struct signer){ .path = path, .role = role };
	if (token_url_is(path))
		return signer_token_open(s, path, strlen(path), why);
	if (file_read_private(path, FILE_PEM_MAX, &s->pem, &s->len, why) == 0)
		return find_parts(s, why);
	/* The key must belong to the user who starts this program. */
	if (access(path, F_OK) == 0 && access(path, R_OK) == -1) {
		struct failure cause = *why;

		(void)failure_set(why, cause.code,
		    "%s; to run inetls-wrap as that user: chown %lu %s", cause.text,
		    (unsigned long)geteuid(), path);
	}
	return -1;
}

static int
blame_key(const struct signer *s, int error, struct failure *why)
{
	(void)pemfile_blame_key(s->key_pem, s->key_len, error, why);
	return named(s, why);
}

ssize_t
signer_chain(const struct signer *s, char *out)
{
	memcpy(out, s->chain, s->chain_len + 1);
	return (ssize_t)s->chain_len;
}

/*
 * A weak key, as from stunnel 3's days, is refused here, with the reason.  Otherwise each client
 * would only show its library's error.
 */
static int
check_strength(const struct signer *s, int algorithm, unsigned bits, struct failure *why)
{
	if (!strength_is_weak_rsa(algorithm, bits))
		return 0;
	return failure_set(why, EX_CONFIG,
	    "%s: its RSA key has %u bits, too few for today's TLS libraries; make a "
	    "new key and certificate: inetls-certgen --force %s HOST.NAME",
	    s->path, bits, s->path);
}

static int
load_other_key(struct signer *s, struct failure *why)
{
	gnutls_datum_t pem = { (unsigned char *)(uintptr_t)s->key_pem, (unsigned)s->key_len };
	gnutls_privkey_t key = NULL;
	unsigned bits = 0;
	int r;

	if ((r = gnutls_global_init()) < 0 || (r = gnutls_privkey_init(&key)) < 0)
		return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
	if ((r = gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0)) < 0) {
		gnutls_privkey_deinit(key);
		return blame_key(s, r, why);
	}
	r = gnutls_privkey_get_pk_algorithm(key, &bits);
	if (check_strength(s, r, bits, why) == -1) {
		gnutls_privkey_deinit(key);
		return -1;
	}
	s->key = key;
	return 0;
}

static ssize_t
sign_other(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags,
    const gnutls_datum_t *in, void *out, struct failure *why)
{
	gnutls_datum_t signature = { NULL, 0 };
	int r;

	if (s->key == NULL && load_other_key(s, why) == -1)
		return -1;
	if (s->token != NULL)
		token_watch_begin(s->path, s->token->url.text);
	r = is_hash ? gnutls_privkey_sign_hash2(
			  s->key, (gnutls_sign_algorithm_t)algorithm, flags, in, &signature) :
		      gnutls_privkey_sign_data2(
			  s->key, (gnutls_sign_algorithm_t)algorithm, flags, in, &signature);
	if (s->token != NULL)
		token_watch_end();
	if (r < 0 && s->token != NULL)
		return signer_token_blame(s, r, why);
	if (r < 0)
		return failure_set(why, EX_CONFIG,
		    "%s: the key cannot make a signature for its certificate: %s; run "
		    "--check, which says whether they belong together",
		    s->path, gnutls_strerror(r));
	if (signature.size > SIGNER_SIGNATURE_MAX) {
		gnutls_free(signature.data);
		return failure_set(
		    why, EX_CONFIG, "%s: the key is larger than any that is known", s->path);
	}
	memcpy(out, signature.data, signature.size);
	gnutls_free(signature.data);
	return (ssize_t)signature.size;
}

ssize_t
signer_sign(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags, const void *data,
    size_t n, void *out, struct failure *why)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)data, (unsigned)n };
	ssize_t len;
	bool sha256;

	if (!signable(s->role, is_hash, algorithm, flags, data, n))
		return failure_set(why, EX_SOFTWARE,
		    "asked to sign %zu bytes by algorithm %u, which no session needs", n,
		    algorithm);
	if (!s->parsed && s->token == NULL)
		s->is_p256 = p256_parse(s->key_pem, s->p256);
	s->parsed = true;
	sha256 = gnutls_sign_get_hash_algorithm((gnutls_sign_algorithm_t)algorithm) ==
	    GNUTLS_DIG_SHA256;
	if (s->is_p256 && is_hash && sha256) {
		if ((len = p256_sign(s->p256, data, out)) == -1)
			return failure_set(
			    why, EX_CONFIG, "%s: the key is not a P-256 key", s->path);
		return len;
	}
	return sign_other(s, is_hash, algorithm, flags, &in, out, why);
}

/* What leaf_fault says of the first certificate; NULL where that cannot be read. */
static const char *
find_leaf_fault(const struct signer *s)
{
	gnutls_datum_t pem = { (unsigned char *)s->chain, (unsigned)s->chain_len };
	const char *fault = NULL;
	gnutls_x509_crt_t leaf;

	if (gnutls_global_init() < 0 || gnutls_x509_crt_init(&leaf) < 0)
		return NULL;
	if (gnutls_x509_crt_import(leaf, &pem, GNUTLS_X509_FMT_PEM) == 0)
		fault = leaf_fault(leaf);
	gnutls_x509_crt_deinit(leaf);
	return fault;
}

bool
signer_warning(const struct signer *s, char *text, size_t size)
{
	gnutls_datum_t pem = { (unsigned char *)s->chain, (unsigned)s->chain_len };
	gnutls_x509_crt_t *chain = NULL;
	const char *warning = NULL;
	bool found = false;
	unsigned n = 0;

	if (gnutls_global_init() < 0 ||
	    gnutls_x509_crt_list_import2(&chain, &n, &pem, GNUTLS_X509_FMT_PEM, 0) < 0)
		return false;
	if (n > 0 && (warning = leaf_warning(chain[0])) != NULL)
		(void)snprintf(text, size, "%s", warning);
	for (unsigned i = 0; i < n; i++) {
		found = found || warning != NULL || strength_warning(chain[i], i == 0, text, size);
		gnutls_x509_crt_deinit(chain[i]);
	}
	gnutls_free(chain);
	return found;
}

/* Reads the certificates in the way a session does. */
static int
check_chain(const struct signer *s, struct failure *why)
{
	gnutls_datum_t pem = { (unsigned char *)s->chain, (unsigned)s->chain_len };
	gnutls_pcert_st chain[PEMFILE_CERTIFICATES_MAX];
	unsigned n = PEMFILE_CERTIFICATES_MAX;
	int r = gnutls_pcert_list_import_x509_raw(
	    chain, &n, &pem, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);

	if (r < 0) {
		(void)pemfile_blame_chain(s->chain, s->chain_len, r, why);
		return named(s, why);
	}
	while (n > 0)
		gnutls_pcert_deinit(&chain[--n]);
	return 0;
}

int
signer_match(const struct signer *s, struct failure *why)
{
	gnutls_datum_t chain = { (unsigned char *)s->chain, (unsigned)s->chain_len },
		       pem = { (unsigned char *)(uintptr_t)s->key_pem, (unsigned)s->key_len };
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_x509_privkey_t key = NULL;
	const char *fault;
	unsigned bits = 0;
	int r, algorithm = GNUTLS_PK_UNKNOWN;

	if (s->token != NULL)
		return check_chain(s, why) == -1 ? -1 : signer_token_match(s, why);
	if ((r = gnutls_global_init()) < 0 ||
	    (r = gnutls_certificate_allocate_credentials(&credentials)) < 0)
		return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
	r = gnutls_certificate_set_x509_key_mem2(
	    credentials, &chain, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r >= 0 && gnutls_certificate_get_x509_key(credentials, 0, &key) == 0) {
		algorithm = gnutls_x509_privkey_get_pk_algorithm2(key, &bits);
		gnutls_x509_privkey_deinit(key);
	}
	gnutls_certificate_free_credentials(credentials);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return failure_set(why, EX_CONFIG,
		    "%s: the private key does not belong to the first certificate; put the "
		    "server's own certificate first, then its issuers, and its key into the "
		    "same file; or make a new key and certificate: `make cert`",
		    s->path);
	if (check_chain(s, why) == -1)
		return -1;
	if (r < 0)
		return blame_key(s, r, why);
	if ((fault = find_leaf_fault(s)) != NULL)
		return failure_set(why, EX_CONFIG, "%s: its %s", s->path, fault);
	return check_strength(s, algorithm, bits, why);
}

void
signer_close(struct signer *s)
{
	if (s->token != NULL)
		signer_token_close(s);
	else if (s->key != NULL)
		gnutls_privkey_deinit(s->key);
	explicit_bzero(s->p256, sizeof(s->p256));
	file_wipe(s->pem, s->len);
	free(s->chain);
	*s = (struct signer){ .path = NULL };
}
