/*
 * Keys in a token, by GnuTLS and p11-kit.  The PIN is tried at one token only, once, and never when
 * a wrong one would lock the token.
 */

#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>

#include "file.h"
#include "pemfile.h"
#include "shared/token_find.h"

/* What pin-source names is as secret as a PEM. */
static int
read_pin(struct token *t, struct failure *why)
{
	struct failure inside;
	char *text = NULL;
	size_t len = 0;

	if (t->url.pin_source[0] == '\0')
		return 0;
	if (file_read_secret(t->url.pin_source, TOKEN_PIN_MAX, &text, &len, &inside) == -1)
		return failure_set(
		    why, inside.code, "%s: pin-source: %s", t->url.text, inside.text);
	len = strcspn(text, "\r\n");
	if (len > 0 && len < sizeof(t->url.pin))
		(void)snprintf(t->url.pin, sizeof(t->url.pin), "%.*s", (int)len, text);
	file_wipe(text, strlen(text));
	if (t->url.pin[0] != '\0')
		return 0;
	return failure_set(why, EX_CONFIG, "%s: pin-source %s holds no PIN in its first line",
	    t->url.text, t->url.pin_source);
}

/* GnuTLS asks again after a wrong PIN: the same one is never tried twice. */
static int
give_pin(void *context, int attempt, const char *url, const char *label, unsigned flags, char *pin,
    size_t size)
{
	struct token *t = context;
	bool final = (flags & (GNUTLS_PIN_FINAL_TRY | GNUTLS_PIN_SO)) != 0;

	(void)url;
	(void)label;
	if (t->url.pin[0] == '\0' || strlen(t->url.pin) >= size)
		return -1;
	if (attempt > 0 || (flags & GNUTLS_PIN_WRONG) != 0 || final) {
		t->refused = true;
		return -1;
	}
	memcpy(pin, t->url.pin, strlen(t->url.pin) + 1);
	return 0;
}

/* A module that prints must not print into what it has opened under number 2. */
static void
fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd != -1)
		(void)close(fd);
}

static int
load_module(struct token *t, struct failure *why)
{
	const char *module = t->url.module;
	int r = gnutls_global_init();

	fill_standard_descriptors();
	if (r == 0)
		r = gnutls_pkcs11_init(
		    module[0] != '\0' ? GNUTLS_PKCS11_FLAG_MANUAL : GNUTLS_PKCS11_FLAG_AUTO, NULL);
	gnutls_pkcs11_set_pin_function(give_pin, t);
	if (r == 0 && module[0] != '\0' && access(module, R_OK) == -1)
		return failure_set(why, EX_CONFIG, "%s: the module %s cannot be read: %s",
		    t->url.text, module, strerror(errno));
	if (r == 0 && module[0] != '\0' && (r = gnutls_pkcs11_add_provider(module, NULL)) < 0)
		return failure_set(why, EX_NOINPUT,
		    "%s: the module %s does not start: %s; try: p11tool --provider %s --list-tokens",
		    t->url.text, module, gnutls_strerror(r), module);
	if (r < 0)
		return failure_set(why, EX_CONFIG,
		    "%s: the modules of p11-kit cannot be used: %s; try: p11-kit list-modules",
		    t->url.text, gnutls_strerror(r));
	return 0;
}

static int
check_pin_state(const struct token *t, const char *token, struct failure *why)
{
	unsigned flags = 0;

	if (gnutls_pkcs11_token_get_flags(token, &flags) < 0)
		return 0;
	if ((flags & GNUTLS_PKCS11_TOKEN_USER_PIN_LOCKED) != 0)
		return failure_set(why, EX_CONFIG,
		    "%s: the token's PIN is locked; unlock it: pkcs11-tool --login --login-type so "
		    "--init-pin",
		    t->url.text);
	if ((flags & GNUTLS_PKCS11_TOKEN_USER_PIN_FINAL_TRY) != 0)
		return failure_set(why, EX_CONFIG,
		    "%s: one more wrong PIN would lock the token, so none is tried; log in by hand "
		    "once: p11tool --login --list-privkeys",
		    t->url.text);
	if ((flags & GNUTLS_PKCS11_TOKEN_LOGIN_REQUIRED) != 0 && t->url.pin[0] == '\0')
		return failure_set(why, EX_CONFIG,
		    "%s: the token asks for a PIN; add ?pin-source=file:/PATH", t->url.text);
	return 0;
}

int
token_open(struct token *t, struct failure *why)
{
	char token[TOKEN_URL_MAX];
	int r;

	if (read_pin(t, why) == -1 || load_module(t, why) == -1 ||
	    token_find(t, token, why) == -1 || check_pin_state(t, token, why) == -1 ||
	    token_find_key(t, why) == -1)
		return -1;
	if ((r = gnutls_privkey_init(&t->key)) < 0 ||
	    (r = gnutls_privkey_import_url(t->key, t->found, GNUTLS_PKCS11_OBJ_FLAG_LOGIN)) < 0)
		return token_blame(t, r, why);
	return 0;
}

/* Adds a certificate as PEM. */
static int
append(char **chain, size_t *len, gnutls_x509_crt_t cert)
{
	gnutls_datum_t pem = { NULL, 0 };
	char *longer;
	int r = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);

	if (r < 0)
		return r;
	longer = *len + pem.size < PEMFILE_CHAIN_MAX ? realloc(*chain, *len + pem.size + 1) : NULL;
	if (longer != NULL) {
		memcpy(longer + *len, pem.data, pem.size);
		*len += pem.size;
		longer[*len] = '\0';
		*chain = longer;
	}
	gnutls_free(pem.data);
	return longer != NULL ? 0 : GNUTLS_E_MEMORY_ERROR;
}

/* The certificate with the key's ID; its label may be another. */
static void
certificate_url(const struct token *t, char out[TOKEN_URL_MAX + 64])
{
	char token[TOKEN_URL_MAX];
	const char *id = strstr(t->found, ";id=");

	token_url_token(t->found, token);
	(void)snprintf(out, TOKEN_URL_MAX + 64, "%s%.*s;type=cert", token,
	    id != NULL ? (int)(1 + strcspn(id + 1, ";?")) : 0, id != NULL ? id : "");
}

ssize_t
token_chain(struct token *t, char **chain, struct failure *why)
{
	char url[TOKEN_URL_MAX + 64];
	gnutls_x509_crt_t *certs = NULL;
	unsigned n = 0;
	size_t len = 0;
	int r;

	*chain = NULL;
	certificate_url(t, url);
	r = gnutls_x509_crt_list_import_url(&certs, &n, url, give_pin, t, 0);
	if (r < 0)
		return failure_set(why, EX_NOINPUT,
		    "%s: the token has the key, and no certificate with its ID; put the certificates "
		    "into a file, the URL in a line of its own above them, and name that file with -p",
		    t->url.text);
	for (unsigned i = 0; i < n; i++) {
		if (r == 0 && i < PEMFILE_CERTIFICATES_MAX)
			r = append(chain, &len, certs[i]);
		gnutls_x509_crt_deinit(certs[i]);
	}
	gnutls_free(certs);
	if (r == 0)
		return (ssize_t)len;
	free(*chain);
	*chain = NULL;
	return failure_set(why, EX_CONFIG, "%s: a certificate in the token cannot be used: %s",
	    t->url.text, gnutls_strerror(r));
}

bool
token_is_lost(int error)
{
	return error <= GNUTLS_E_PKCS11_ERROR && error >= GNUTLS_E_PKCS11_USER_ERROR;
}

int
token_blame(const struct token *t, int error, struct failure *why)
{
	return failure_set(why, EX_NOINPUT,
	    "%s: the token does not give the key's use: %s; is it still plugged in, and may uid %lu "
	    "open it?",
	    t->url.text, gnutls_strerror(error), (unsigned long)geteuid());
}

void
token_close(struct token *t)
{
	if (t->key != NULL)
		gnutls_privkey_deinit(t->key);
	gnutls_pkcs11_set_pin_function(NULL, NULL);
	explicit_bzero(t, sizeof(*t));
}
