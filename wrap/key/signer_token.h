#ifndef INETLS_SIGNER_TOKEN_H
#define INETLS_SIGNER_TOKEN_H

/*
 * The part of a signer whose key is in a token.  Each function is for a signer of that kind, and
 * returns 0, or -1 and *why, unless it says otherwise.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "key/signer_state.h"

/* Opens the token that len bytes of url name; takes the certificates from it if s has none. */
int signer_token_open(struct signer *s, const char *url, size_t len, struct failure *why);

/* As signer_match. */
int signer_token_match(const struct signer *s, struct failure *why);

/* Explains GnuTLS's error, and keeps that in s->lost if the token has failed: always -1. */
int signer_token_blame(struct signer *s, int error, struct failure *why);

/* Whether the key is in a token, seen without opening that.  For --check. */
bool signer_is_token(const char *path);

/* What was found in the token, for --check: "URL in the token 'LABEL' signs; RSA, 2048 bits". */
void signer_token_text(const struct signer *s, char *out, size_t size);

void signer_token_close(struct signer *s);

#endif
