#ifndef INETLS_TOKEN_URL_H
#define INETLS_TOKEN_URL_H

/*
 * A `pkcs11:` URL (RFC 7512) taken apart.  The PIN is kept apart from the text that messages show
 * and GnuTLS gets, so it can appear in neither.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

#define TOKEN_URL_MAX 1024
#define TOKEN_PIN_MAX 256

struct token_url {
	char text[TOKEN_URL_MAX];       /* without type, PIN and query; still percent-encoded */
	char pin[TOKEN_PIN_MAX];        /* pin-value, or "" */
	char pin_source[TOKEN_URL_MAX]; /* the path of pin-source, or "" */
	char module[TOKEN_URL_MAX];     /* module-path, or "" */
};

/* Whether the text begins as such a URL does. */
bool token_url_is(const char *text);

/*
 * Finds a line of text that is such a URL.  Its length, and its beginning in *url (a pointer into
 * text); 0 if there is none.
 */
size_t token_url_find(const char *text, const char **url);

/*
 * Takes len bytes apart.  0, or -1 and *why (EX_CONFIG), which never contains the PIN.  The caller
 * wipes *u.
 */
int token_url_read(struct token_url *u, const char *url, size_t len, struct failure *why);

/*
 * The same for a URL on a command line, which every user of the machine can read: with a PIN in it,
 * it is refused with EX_USAGE.
 */
int token_url_check_argument(const char *url, struct failure *why);

/*
 * Copies the value of an attribute (`token`), percent-decoded, to out.  Its length without the NUL;
 * -1 where the URL has no such attribute, or its value does not fit.
 */
int token_url_value(const char *url, const char *name, char *out, size_t size);

/*
 * Copies a URL to out without the attributes of an object (object, id, type).  What remains names
 * the token.
 */
void token_url_token(const char *url, char out[TOKEN_URL_MAX]);

#endif
