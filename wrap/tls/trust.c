/* Whether to trust the peer: reads what the decision needs, before the process is confined. */

#include "tls/trust.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "tls/authorities.h"
#include "tls/revocation.h"
#include "tls/trust_state.h"

bool
trust_pin_is_valid(const char *text)
{
	gnutls_datum_t base64, raw = { NULL, 0 };
	bool valid;

	if (strncmp(text, "sha256//", 8) != 0 || strlen(text) != TRUST_PIN - 1)
		return false;
	base64.data = (unsigned char *)(uintptr_t)(text + 8);
	base64.size = (unsigned)strlen(text + 8);
	valid = gnutls_base64_decode2(&base64, &raw) == 0 && raw.size == 32;
	gnutls_free(raw.data);
	return valid;
}

struct trust *
trust_load(const struct trust_config *c, struct failure *why)
{
	struct trust *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		failure_set(why, EX_OSERR, "out of memory");
		return NULL;
	}
	t->c = c;
	t->alert = -1;
	t->hosts.fd = -1;
	if (trust_wants_known_hosts(t) &&
	    known_hosts_open(&t->hosts, c->known_hosts, c->host, c->port, why) == -1) {
		free(t);
		return NULL;
	}
	return t;
}

bool
trust_warning(const struct trust *t, struct failure *why)
{
	return t != NULL && t->hosts.fd != -1 &&
	    known_hosts_warning(&t->hosts, why->text, sizeof(why->text));
}

void
trust_free(struct trust *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->n_pinned; i++)
		gnutls_x509_crt_deinit(t->pinned[i]);
	gnutls_free(t->pinned);
	revocation_free(t->revoked);
	if (t->hosts.fd != -1)
		(void)close(t->hosts.fd);
	free(t);
}

/*
 * Reads the certificates of -A into memory: at the time of the handshake the process is confined
 * and can read no file.
 */
static int
load_pinned(struct trust *t, struct failure *why)
{
	gnutls_datum_t pem;
	char *text;
	size_t len;
	int r;

	if (t->c->level != TRUST_PINNED || t->c->n_pins > 0 || t->c->ca_file == NULL)
		return 0;
	if (file_read(t->c->ca_file, AUTHORITIES_MAX, &text, &len, why) == -1)
		return -1;
	pem.data = (unsigned char *)text;
	pem.size = (unsigned)len;
	r = gnutls_x509_crt_list_import2(&t->pinned, &t->n_pinned, &pem, GNUTLS_X509_FMT_PEM, 0);
	free(text);
	return r >= 0 ? 0 :
			failure_set(why, EX_CONFIG, "-A %s: %s", t->c->ca_file, gnutls_strerror(r));
}

static int
load_authorities(struct trust *t, gnutls_certificate_credentials_t credentials, struct failure *why)
{
	const struct trust_config *c = t->c;

	if ((c->ca_file != NULL && authorities_add_file(credentials, c->ca_file, why) == -1) ||
	    (c->ca_dir != NULL && authorities_add_directory(credentials, c->ca_dir, why) == -1))
		return -1;
	gnutls_certificate_get_trust_list(credentials, &t->authorities);
	if (c->crl == NULL)
		return 0;
	t->revoked = revocation_load(c->crl, why);
	return t->revoked != NULL ? revocation_apply(t->revoked, credentials, why) : -1;
}

int
trust_apply(struct trust *t, void *credentials, void *session, struct failure *why)
{
	if (load_authorities(t, credentials, why) == -1 || load_pinned(t, why) == -1)
		return -1;
	/* A pointer of the session that nothing else uses, since there is no session database. */
	gnutls_db_set_ptr(session, t);
	gnutls_certificate_set_verify_function(credentials, trust_verify);
	if (!t->c->client)
		gnutls_certificate_server_set_request(session,
		    t->c->level >= TRUST_REQUIRED ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
	return 0;
}
