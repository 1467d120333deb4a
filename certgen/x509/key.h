#ifndef INETLS_KEY_H
#define INETLS_KEY_H

/* Private keys, in memory or in a token: the kinds, and making, reading and writing one. */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stddef.h>

#include "failure.h"

#define KEY_DEFAULT "ecdsa-p256"

struct key_kind {
	const char *text; /* "ECDSA P-256": for people */
	gnutls_pk_algorithm_t algorithm;
	unsigned bits; /* as gnutls_x509_privkey_generate wants them: for ECDSA it is a curve */
};

/* key_free may follow in any case, for a key of zeros too. */
struct key {
	gnutls_privkey_t sign;        /* NULL: there is no key */
	gnutls_x509_privkey_t memory; /* NULL if it is in a token */
	struct token *token;          /* NULL if it is in memory */
	char *url;                    /* of the one in a token, as it goes into the PEM */
};

/*
 * Parses "ecdsa-p256" (or "ecdsa"), "ecdsa-p384", "rsa" (3072 bits) or "rsa:2048", "rsa:3072",
 * "rsa:4096".  Returns an entry of a constant table, or NULL and *why (EX_DATAERR).
 */
const struct key_kind *key_kind_parse(const char *text, struct failure *why);

/* The kind of a key, or the next stronger kind that this program makes.  Never NULL. */
const struct key_kind *key_kind_of(const struct key *key);

/* Makes a new key in memory.  0, or -1 and *why: EX_SOFTWARE. */
int key_make(struct key *key, const struct key_kind *kind, struct failure *why);

/*
 * Opens the token that len bytes of a pkcs11: URL name, and finds the key.  0, or -1 and *why
 * (token.h).
 */
int key_open(struct key *key, const char *url, size_t len, struct failure *why);

/*
 * The PKCS#8 PEM (RFC 5958, not encrypted) of a key, or the URL of one in a token; ended by a NUL;
 * the caller wipes it with file_wipe.  NULL and *why: EX_SOFTWARE.
 */
char *key_pem(const struct key *key, struct failure *why);

/* The same, encrypted with a passphrase (PBES2, AES-256); the key is in memory. */
char *key_pem_locked(const struct key *key, const char *passphrase, struct failure *why);

/* The hash that suits a key that signs a certificate or a request. */
gnutls_digest_algorithm_t key_digest(const struct key *key);

/* The public half; the caller frees it with gnutls_pubkey_deinit.  NULL and *why: EX_SOFTWARE. */
gnutls_pubkey_t key_public(const struct key *key, struct failure *why);

/* The kind of a foreign key that is to be certified, or NULL and *why: EX_DATAERR. */
const struct key_kind *key_kind_of_public(gnutls_pubkey_t key, struct failure *why);

/*
 * Loads the private key in a PEM, or opens the one that a URL in it names.  1; 0 if there is none;
 * -1 and *why if it cannot be read (EX_DATAERR), for example because it is encrypted, or the token
 * cannot be opened.
 */
int key_load(const char *pem, size_t len, struct key *key, struct failure *why);

/*
 * key_is_locked: whether the key in a PEM is encrypted.  key_load_locked: key_load for such a key
 * (EX_NOPERM: wrong passphrase).
 */
int key_is_locked(const char *pem, size_t len);
int key_load_locked(
    const char *pem, size_t len, const char *passphrase, struct key *key, struct failure *why);

void key_free(struct key *key);

#endif
