#ifndef INETLS_TOKEN_H
#define INETLS_TOKEN_H

/*
 * A private key in a token (PKCS #11), which signs with it and never shows it.  A static build has
 * no module to load, and refuses (static/token.c).
 *
 * PKCS #11 forbids to fork a process that has opened a token: open it in the process that uses it.
 * Failures are EX_NOINPUT if the token or the key is not there, EX_NOPERM and EX_CONFIG; *why has
 * the URL, and never the PIN.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <gnutls/abstract.h>

#include "failure.h"
#include "token_url.h"

struct token {
	struct token_url url;
	char found[TOKEN_URL_MAX]; /* the key's whole URL, as the token tells it */
	bool refused;              /* the PIN was wrong, or is not tried again */
	gnutls_privkey_t key;
};

/*
 * Loads the module, logs in and finds the one key that t->url names; the rest of *t is zero.  0, or
 * -1 and *why.  token_close may follow in any case.  One token at a time.
 */
int token_open(struct token *t, struct failure *why);

/*
 * The certificates for the key, from the token: the leaf, then its issuers as far as they are
 * there.  PEM with a NUL: its length, and *chain for the caller to free; or -1 and *why.
 */
ssize_t token_chain(struct token *t, char **chain, struct failure *why);

/* Explains GnuTLS's error for an operation with t->key: always -1. */
int token_blame(const struct token *t, int error, struct failure *why);

/* Whether an error comes from the token, so that to open it again may help. */
bool token_is_lost(int error);

/* Forgets the PIN and ends the use of the token. */
void token_close(struct token *t);

#endif
