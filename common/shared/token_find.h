#ifndef INETLS_TOKEN_FIND_H
#define INETLS_TOKEN_FIND_H

/* Which token a URL means, and which key in it; for token.c, once it has loaded the module. */

#include "failure.h"
#include "token.h"

/* Copies to found the URL of the one token that t->url names.  0, or -1 and *why. */
int token_find(const struct token *t, char found[TOKEN_URL_MAX], struct failure *why);

/* Logs in, and notes in t->found the one key that t->url names.  0, or -1 and *why. */
int token_find_key(struct token *t, struct failure *why);

#endif
