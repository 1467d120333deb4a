/* The result of a handshake: for the log, and for a client's next session. */

#include "tls/tls.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>

#include "tls/chain.h"
#include "tls/ticket.h"
#include "tls/tls_state.h"

bool
tls_is_resumed(const struct tls *t)
{
	return gnutls_session_is_resumed(t->session) != 0;
}

static void
copy_name(char *out, size_t size, const char *name)
{
	(void)snprintf(out, size, "%s", name != NULL ? name : "");
}

void
tls_describe(const struct tls *t, struct tls_info *out)
{
	size_t len = sizeof(out->sni) - 1;
	gnutls_datum_t alpn;
	const char *version;
	unsigned type;

	memset(out, 0, sizeof(*out));
	version = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));
	copy_name(out->version, sizeof(out->version),
	    version != NULL && strncmp(version, "TLS", 3) == 0 ? version + 3 : version);
	copy_name(out->cipher, sizeof(out->cipher),
	    gnutls_cipher_get_name(gnutls_cipher_get(t->session)));
	copy_name(
	    out->group, sizeof(out->group), gnutls_group_get_name(gnutls_group_get(t->session)));
	if (gnutls_alpn_get_selected_protocol(t->session, &alpn) == GNUTLS_E_SUCCESS)
		(void)snprintf(
		    out->alpn, sizeof(out->alpn), "%.*s", (int)alpn.size, (char *)alpn.data);
	if (gnutls_server_name_get(t->session, out->sni, &len, &type, 0) != GNUTLS_E_SUCCESS)
		out->sni[0] = '\0';
	out->resumed = tls_is_resumed(t);
}

/* What the server showed, in this handshake or in the one that it resumes. */
static size_t
shown_chain(const struct tls *t, unsigned char *out, size_t size)
{
	unsigned n = 0;
	const gnutls_datum_t *der;

	if (!tls_is_resumed(t)) {
		der = gnutls_certificate_get_peers(t->session, &n);
		return der != NULL ? chain_pack(der, n, out, size) : 0;
	}
	if (t->last == NULL || t->last->chain_len > size)
		return 0;
	memcpy(out, t->last->chain, t->last->chain_len);
	return t->last->chain_len;
}

void
tls_remember(const struct tls *t, const struct ticket_session *file)
{
	unsigned char chain[TICKET_CHAIN_MAX];
	size_t n = shown_chain(t, chain, sizeof(chain));
	gnutls_datum_t data = { NULL, 0 };

	if (n == 0 || (gnutls_session_get_flags(t->session) & GNUTLS_SFLAGS_SESSION_TICKET) == 0 ||
	    gnutls_session_get_data2(t->session, &data) < 0)
		return;
	ticket_session_save(file, chain, n, data.data, data.size);
	gnutls_memset(data.data, 0, data.size);
	gnutls_free(data.data);
}
