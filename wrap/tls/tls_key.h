#ifndef INETLS_TLS_KEY_H
#define INETLS_TLS_KEY_H

/*
 * A private key that GnuTLS can use but this process does not have.  Chain and signatures come from
 * the keyholder when a handshake needs them.  Only tls_state.h includes this.
 */

#include <gnutls/abstract.h>

#include "key/keyholder.h"

#define TLS_CHAIN_MAX PEMFILE_CERTIFICATES_MAX

struct tls_key {
	struct keyholder *holder;
	gnutls_pcert_st chain[TLS_CHAIN_MAX]; /* leaf first */
	unsigned chain_len;
	gnutls_privkey_t key; /* NULL until it is needed */
	int kind;             /* gnutls_pk_algorithm_t */
	unsigned bits;
};

void tls_key_init(struct tls_key *k, struct keyholder *holder);

/* Loads chain and key: 0, or GnuTLS's error; then holder->why says more. */
int tls_key_load(struct tls_key *k);

/*
 * Whether a certificate of the loaded chain is out of date or weak, so that peers refuse it that
 * verify it; then text says which, and what to do.
 */
bool tls_key_is_refused(const struct tls_key *k, char *text, size_t size);

/* Why TLS cannot use the loaded leaf (leaf.h), or NULL if it can. */
const char *tls_key_fault(const struct tls_key *k);

void tls_key_free(struct tls_key *k);

#endif
