/* A private key that another process holds. */

#include "tls/tls_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "tls/certificate.h"
#include "leaf.h"
#include "pemfile.h"
#include "strength.h"
#include "tls/validity.h"

static int
ask_to_sign(struct tls_key *k, bool is_hash, gnutls_sign_algorithm_t algorithm, unsigned flags,
    const gnutls_datum_t *in, gnutls_datum_t *signature)
{
	unsigned char buf[SIGNER_SIGNATURE_MAX];
	ssize_t n = keyholder_sign(k->holder, is_hash, algorithm, flags, in->data, in->size, buf);

	if (n <= 0 || (signature->data = gnutls_malloc((size_t)n)) == NULL)
		return GNUTLS_E_PK_SIGN_FAILED;
	memcpy(signature->data, buf, (size_t)n);
	signature->size = (unsigned)n;
	return 0;
}

static int
sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *k, unsigned flags,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
	(void)key;
	return ask_to_sign(k, false, algorithm, flags, data, signature);
}

static int
sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *k, unsigned flags,
    const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
	(void)key;
	return ask_to_sign(k, true, algorithm, flags, hash, signature);
}

/* The certificate tells the kind of key. */
static int
key_info(gnutls_privkey_t key, unsigned flags, void *userdata)
{
	const struct tls_key *k = userdata;

	(void)key;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return k->kind;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)k->bits;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return gnutls_sign_supports_pk_algorithm(
			   GNUTLS_FLAGS_TO_SIGN_ALGO(flags), (gnutls_pk_algorithm_t)k->kind) != 0;
	return -1;
}

static void
free_chain(struct tls_key *k)
{
	for (; k->chain_len > 0; k->chain_len--)
		gnutls_pcert_deinit(&k->chain[k->chain_len - 1]);
}

static bool
import_point(gnutls_pubkey_t *key, const uint8_t *p256)
{
	gnutls_datum_t x = { (unsigned char *)(uintptr_t)p256, 32 },
		       y = { (unsigned char *)(uintptr_t)p256 + 32, 32 };

	return gnutls_pubkey_init(key) == 0 &&
	    gnutls_pubkey_import_ecc_raw(*key, GNUTLS_ECC_CURVE_SECP256R1, &x, &y) == 0;
}

static bool
has_issued(const struct certificate *issuer, const struct certificate *c)
{
	if (issuer->subject_len != c->issuer_len)
		return false;
	/* Both are set.  NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
	return memcmp(issuer->subject, c->issuer, c->issuer_len) == 0;
}

/*
 * A P-256 leaf, followed by each certificate's issuer: such a chain is sent as it is.  False if
 * GnuTLS must read it: another kind of key, a key that GnuTLS may refuse, another order, or no
 * certificates.  GnuTLS's reading costs as much as all the rest of a handshake's arithmetic except
 * the signature.
 */
static bool
import_in_order(struct tls_key *k, gnutls_datum_t pem)
{
	struct certificate before = { .issuer_len = 0 }, c;
	const char *at = (char *)pem.data;
	gnutls_pcert_st *next;

	for (; k->chain_len < TLS_CHAIN_MAX && (at = strstr(at, "-----BEGIN CERTIFICATE")) != NULL;
	     at++) {
		gnutls_datum_t rest = { (unsigned char *)(uintptr_t)at,
			pem.size - (unsigned)(at - (char *)pem.data) };

		next = &k->chain[k->chain_len];
		*next = (gnutls_pcert_st){ .type = GNUTLS_CRT_X509 };
		if (gnutls_pem_base64_decode2("CERTIFICATE", &rest, &next->cert) < 0)
			return false;
		k->chain_len++;
		if (certificate_read(next->cert.data, next->cert.size, &c) == -1 ||
		    (k->chain_len == 1 ? c.p256 == NULL || !import_point(&next->pubkey, c.p256) :
					 !c.is_common || !has_issued(&c, &before)))
			return false;
		before = c;
	}
	return k->chain_len > 0 && at == NULL;
}

/* Lets GnuTLS read it: any key, and the leaf first whatever the order in the file. */
static int
import_any(struct tls_key *k, const gnutls_datum_t *pem)
{
	unsigned n = TLS_CHAIN_MAX;
	int r = gnutls_pcert_list_import_x509_raw(
	    k->chain, &n, pem, GNUTLS_X509_FMT_PEM, GNUTLS_X509_CRT_LIST_SORT);

	if (r < 0)
		(void)pemfile_blame_chain((char *)pem->data, pem->size, r, &k->holder->why);
	else
		k->chain_len = n;
	return r;
}

static int
import_chain(struct tls_key *k)
{
	/* Not on the stack, where every page of it would be touched. */
	char *pem = malloc(SIGNER_CHAIN_MAX);
	ssize_t len = pem != NULL ? keyholder_chain(k->holder, pem) : -1;
	gnutls_datum_t chain = { (unsigned char *)pem, (unsigned)len };
	int r = 0;

	if (len == -1)
		r = pem == NULL ? GNUTLS_E_MEMORY_ERROR : GNUTLS_E_NO_CERTIFICATE_FOUND;
	else if (!import_in_order(k, chain)) {
		free_chain(k);
		r = import_any(k, &chain);
	}
	free(pem);
	if (r == 0)
		k->kind = gnutls_pubkey_get_pk_algorithm(k->chain[0].pubkey, &k->bits);
	return r;
}

static int
import_key(struct tls_key *k)
{
	int r = gnutls_privkey_init(&k->key);

	return r < 0 ?
	    r :
	    gnutls_privkey_import_ext4(k->key, k, sign_data, sign_hash, NULL, NULL, key_info, 0);
}

void
tls_key_init(struct tls_key *k, struct keyholder *holder)
{
	k->holder = holder;
	k->chain_len = 0;
	k->key = NULL;
}

int
tls_key_load(struct tls_key *k)
{
	int r = k->chain_len == 0 ? import_chain(k) : 0;

	return r == 0 && k->key == NULL ? import_key(k) : r;
}

/* Whether peers that verify this certificate of ours refuse it; then text says why. */
static bool
is_refused(gnutls_x509_crt_t crt, bool is_leaf, char *text, size_t size)
{
	char subject[256] = "a certificate", fault[400];
	size_t len = sizeof(subject);
	bool early;

	if (validity_is_over(crt, fault, sizeof(fault), &early)) {
		if (!is_leaf)
			(void)gnutls_x509_crt_get_dn(crt, subject, &len);
		(void)snprintf(text, size, "%s%s %s; %s", is_leaf ? "our certificate" : subject,
		    is_leaf ? "" : " in our chain", fault,
		    early ? "is this machine's clock right?" :
			    "renew it: inetls-certgen renew FILE, with the file of -p");
		return true;
	}
	if (!strength_warning(crt, is_leaf, fault, sizeof(fault)))
		return false;
	(void)snprintf(text, size, "our chain: %s", fault);
	return true;
}

bool
tls_key_is_refused(const struct tls_key *k, char *text, size_t size)
{
	bool refused = false;
	gnutls_x509_crt_t crt;

	for (unsigned i = 0; i < k->chain_len && !refused; i++) {
		if (gnutls_x509_crt_init(&crt) < 0)
			return false;
		refused = gnutls_x509_crt_import(crt, &k->chain[i].cert, GNUTLS_X509_FMT_DER) ==
			0 &&
		    is_refused(crt, i == 0, text, size);
		gnutls_x509_crt_deinit(crt);
	}
	return refused;
}

const char *
tls_key_fault(const struct tls_key *k)
{
	const char *fault = NULL;
	gnutls_x509_crt_t leaf;

	if (k->chain_len == 0 || gnutls_x509_crt_init(&leaf) < 0)
		return NULL;
	if (gnutls_x509_crt_import(leaf, &k->chain[0].cert, GNUTLS_X509_FMT_DER) == 0)
		fault = leaf_fault(leaf);
	gnutls_x509_crt_deinit(leaf);
	return fault;
}

void
tls_key_free(struct tls_key *k)
{
	free_chain(k);
	if (k->key != NULL)
		gnutls_privkey_deinit(k->key);
}
