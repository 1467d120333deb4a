/* A peer's certificate: its names, fingerprint and pin. */

#include "tls/trust_peer.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

void
trust_peer_describe(struct trust_peer *p, gnutls_x509_crt_t crt)
{
	unsigned char id[32];
	gnutls_datum_t raw = { id, sizeof(id) }, base64 = { NULL, 0 };
	size_t len = sizeof(p->subject);

	if (gnutls_x509_crt_get_dn(crt, p->subject, &len) < 0 || p->subject[0] == '\0')
		(void)strcpy(p->subject, "?");
	len = sizeof(p->issuer);
	if (gnutls_x509_crt_get_issuer_dn(crt, p->issuer, &len) < 0)
		(void)strcpy(p->issuer, "?");
	len = sizeof(id);
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, id, &len) == 0)
		for (size_t i = 0; i < sizeof(id); i++)
			(void)snprintf(p->fingerprint + 2 * i, 3, "%02x", id[i]);
	len = sizeof(id);
	/* The SHA-256 of the SubjectPublicKeyInfo (RFC 7469, 2.4). */
	if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, id, &len) == 0 &&
	    gnutls_base64_encode2(&raw, &base64) == 0)
		(void)snprintf(
		    p->pin, sizeof(p->pin), "sha256//%.*s", (int)base64.size, (char *)base64.data);
	gnutls_free(base64.data);
}
