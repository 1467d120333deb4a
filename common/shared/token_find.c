/* Which token a URL means, and which key in it. */

#include "shared/token_find.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>

#define LISTED_MAX 256 /* of a list in a message */

/* Whether every attribute by which our URL names a token is in the token's own URL. */
static bool
is_meant(const char *ours, const char *token)
{
	static const char *const names[] = { "token", "serial", "model", "manufacturer" };
	char a[TOKEN_URL_MAX], b[TOKEN_URL_MAX];
	bool named = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (token_url_value(ours, names[i], a, sizeof(a)) == -1)
			continue;
		named = true;
		if (token_url_value(token, names[i], b, sizeof(b)) == -1 || strcmp(a, b) != 0)
			return false;
	}
	return named;
}

/* Adds a word to a list for a message, while there is room. */
static void
list(char listed[LISTED_MAX], const char *word)
{
	size_t used = strlen(listed);

	if (used + strlen(word) + 8 < LISTED_MAX)
		(void)snprintf(
		    listed + used, LISTED_MAX - used, "%s%s", used > 0 ? ", " : "", word);
	else if (used + 6 < LISTED_MAX && strstr(listed, "...") == NULL)
		(void)snprintf(listed + used, LISTED_MAX - used, ", ...");
}

int
token_find(const struct token *t, char found[TOKEN_URL_MAX], struct failure *why)
{
	char present[LISTED_MAX] = "", label[64], *url;
	unsigned matches = 0;

	for (unsigned i = 0; gnutls_pkcs11_token_get_url(i, GNUTLS_PKCS11_URL_GENERIC, &url) == 0;
	     i++) {
		if (is_meant(t->url.text, url)) {
			matches++;
			(void)snprintf(found, TOKEN_URL_MAX, "%s", url);
		}
		if (token_url_value(url, "token", label, sizeof(label)) > 0)
			list(present, label);
		gnutls_free(url);
	}
	if (matches == 1)
		return 0;
	if (matches > 1)
		return failure_set(why, EX_CONFIG,
		    "%s: %u tokens match, and the PIN is tried at one only; add serial= (p11tool "
		    "--list-tokens shows it)",
		    t->url.text, matches);
	if (!is_meant(t->url.text, t->url.text))
		return failure_set(why, EX_CONFIG,
		    "%s: says no token; add token=LABEL; there is: %s", t->url.text,
		    present[0] != '\0' ? present : "none");
	return failure_set(why, EX_NOINPUT,
	    "%s: this token is not there; is it plugged in, and may uid %lu see it? there is: %s",
	    t->url.text, (unsigned long)geteuid(), present[0] != '\0' ? present : "none");
}

static int
blame_search(const struct token *t, int error, struct failure *why)
{
	if (t->refused || error == GNUTLS_E_PKCS11_PIN_ERROR ||
	    error == GNUTLS_E_PKCS11_PIN_LOCKED || error == GNUTLS_E_PKCS11_PIN_EXPIRED)
		return failure_set(why, EX_CONFIG,
		    "%s: the token refuses the PIN; correct it in %s before a few more tries lock "
		    "the token",
		    t->url.text,
		    t->url.pin_source[0] != '\0' ? t->url.pin_source : "the URL's pin-value");
	return failure_set(why, EX_NOINPUT, "%s: the token cannot be searched: %s", t->url.text,
	    gnutls_strerror(error));
}

/* Names the keys that were found, by label and ID. */
static int
blame_count(const struct token *t, gnutls_pkcs11_obj_t *keys, unsigned n, struct failure *why)
{
	char listed[LISTED_MAX] = "", label[64], id[64], word[160];
	size_t len;

	if (n == 0)
		return failure_set(why, EX_NOINPUT,
		    "%s: the token has no such private key; it has these: p11tool --login "
		    "--list-privkeys 'pkcs11:token=...'",
		    t->url.text);
	for (unsigned i = 0; i < n; i++) {
		len = sizeof(label) - 1;
		label[0] = id[0] = '\0';
		if (gnutls_pkcs11_obj_get_info(keys[i], GNUTLS_PKCS11_OBJ_LABEL, label, &len) < 0)
			label[0] = '\0';
		label[sizeof(label) - 1] = '\0';
		len = sizeof(id);
		if (gnutls_pkcs11_obj_get_info(keys[i], GNUTLS_PKCS11_OBJ_ID_HEX, id, &len) < 0)
			id[0] = '\0';
		(void)snprintf(word, sizeof(word), "object=%s (id %s)", label, id);
		list(listed, word);
	}
	return failure_set(why, EX_CONFIG, "%s: %u private keys match; add id=%%HEX or object=: %s",
	    t->url.text, n, listed);
}

int
token_find_key(struct token *t, struct failure *why)
{
	gnutls_pkcs11_obj_t *keys = NULL;
	char wanted[TOKEN_URL_MAX + 16], *url = NULL;
	unsigned n = 0;
	int r;

	(void)snprintf(wanted, sizeof(wanted), "%s;type=private", t->url.text);
	r = gnutls_pkcs11_obj_list_import_url4(
	    &keys, &n, wanted, GNUTLS_PKCS11_OBJ_FLAG_LOGIN | GNUTLS_PKCS11_OBJ_FLAG_PRIVKEY);
	if (r < 0 && r != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return blame_search(t, r, why);
	if (t->refused)
		return blame_search(t, GNUTLS_E_PKCS11_PIN_ERROR, why);
	r = n == 1 ? 0 : blame_count(t, keys, n, why);
	if (r == 0 && gnutls_pkcs11_obj_export_url(keys[0], GNUTLS_PKCS11_URL_GENERIC, &url) == 0)
		(void)snprintf(t->found, sizeof(t->found), "%s", url);
	gnutls_free(url);
	for (unsigned i = 0; i < n; i++)
		gnutls_pkcs11_obj_deinit(keys[i]);
	gnutls_free(keys);
	return r;
}
