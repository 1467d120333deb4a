#ifndef INETLS_KEY_H
#define INETLS_KEY_H

/* Private keys: the kinds, and making, reading and writing one. */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stddef.h>

#include "failure.h"

#define KEY_DEFAULT "ecdsa-p256"

struct key_kind {
	const char *text; /* "ECDSA P-256": for people */
	gnutls_pk_algorithm_t algorithm;
	unsigned bits; /* as gnutls_x509_privkey_generate wants them: for ECDSA it is a curve */
	gnutls_digest_algorithm_t digest;
};

/*
 * Parses "ecdsa-p256" (or "ecdsa"), "ecdsa-p384", "rsa" (3072 bits) or "rsa:2048", "rsa:3072",
 * "rsa:4096".  Returns an entry of a constant table, or NULL and *why (EX_DATAERR).
 */
const struct key_kind *key_kind_parse(const char *text, struct failure *why);

/* The kind of a key, or the next stronger kind that this program makes.  Never NULL. */
const struct key_kind *key_kind_of(gnutls_x509_privkey_t key);

/*
 * Makes a new key; the caller frees it with gnutls_x509_privkey_deinit.  NULL and *why:
 * EX_SOFTWARE.
 */
gnutls_x509_privkey_t key_make(const struct key_kind *kind, struct failure *why);

/*
 * The PKCS#8 PEM (RFC 5958, not encrypted) of a key, ended by a NUL; the caller wipes it with
 * file_wipe. NULL and *why: EX_SOFTWARE.
 */
char *key_pem(gnutls_x509_privkey_t key, struct failure *why);

/* The same, encrypted with a passphrase (PBES2, AES-256). */
char *key_pem_locked(gnutls_x509_privkey_t key, const char *passphrase, struct failure *why);

/* The public half; the caller frees it with gnutls_pubkey_deinit.  NULL and *why: EX_SOFTWARE. */
gnutls_pubkey_t key_public(gnutls_x509_privkey_t key, struct failure *why);

/* The kind of a foreign key that is to be certified, or NULL and *why: EX_DATAERR. */
const struct key_kind *key_kind_of_public(gnutls_pubkey_t key, struct failure *why);

/*
 * Loads the private key in a PEM.  1 and *key, which the caller frees; 0 if there is none; -1 and
 * *why (EX_DATAERR) if it cannot be read, for example because it is encrypted.
 */
int key_load(const char *pem, size_t len, gnutls_x509_privkey_t *key, struct failure *why);

/*
 * key_is_locked: whether the key in a PEM is encrypted.  key_load_locked: key_load for such a key
 * (EX_NOPERM: wrong passphrase).
 */
int key_is_locked(const char *pem, size_t len);
int key_load_locked(const char *pem, size_t len, const char *passphrase, gnutls_x509_privkey_t *key,
    struct failure *why);

#endif
