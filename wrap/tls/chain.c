/* Follows a peer's certificate to its CA. */

#include "tls/chain.h"

#include <string.h>

#include <gnutls/gnutls.h>

#include "key/der.h"

#define LENGTH_BYTES 3 /* of a certificate's length */

static gnutls_x509_crt_t
find_issuer(struct chain *c, gnutls_x509_crt_t crt, gnutls_x509_trust_list_t authorities)
{
	if (gnutls_x509_trust_list_get_issuer(
		authorities, crt, &c->found[c->n_found], GNUTLS_TL_GET_COPY) == 0)
		return c->found[c->n_found++];
	for (unsigned i = 1; i < c->n_shown; i++)
		if (gnutls_x509_crt_check_issuer(crt, c->shown[i]))
			return c->shown[i];
	return NULL;
}

void
chain_follow(
    struct chain *c, const gnutls_datum_t *der, unsigned n, gnutls_x509_trust_list_t authorities)
{
	gnutls_x509_crt_t crt;

	c->n = c->n_shown = c->n_found = 0;
	for (unsigned i = 0; i < n && i < CHAIN_MAX; i++) {
		if (gnutls_x509_crt_init(&crt) < 0)
			break;
		c->shown[c->n_shown++] = crt;
		if (gnutls_x509_crt_import(crt, &der[i], GNUTLS_X509_FMT_DER) < 0)
			break;
	}
	crt = c->n_shown > 0 ? c->shown[0] : NULL;
	for (; crt != NULL && c->n < CHAIN_MAX; crt = find_issuer(c, crt, authorities)) {
		c->path[c->n++] = crt;
		/* A root is its own issuer. */
		if (gnutls_x509_crt_check_issuer(crt, crt))
			break;
	}
}

void
chain_free(struct chain *c)
{
	while (c->n_shown > 0)
		gnutls_x509_crt_deinit(c->shown[--c->n_shown]);
	while (c->n_found > 0)
		gnutls_x509_crt_deinit(c->found[--c->n_found]);
}

size_t
chain_pack(const gnutls_datum_t *der, unsigned n, unsigned char *out, size_t size)
{
	size_t used = 0;

	if (n > CHAIN_MAX)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		if (der[i].size >= size || size - der[i].size < used + LENGTH_BYTES)
			return 0;
		out[used++] = (unsigned char)(der[i].size >> 16);
		out[used++] = (unsigned char)(der[i].size >> 8);
		out[used++] = (unsigned char)der[i].size;
		memcpy(out + used, der[i].data, der[i].size);
		used += der[i].size;
	}
	return used;
}

unsigned
chain_unpack(unsigned char *data, size_t len, gnutls_datum_t der[CHAIN_MAX])
{
	struct der d = { data, data + len }, one;
	unsigned n = 0;

	for (; n < CHAIN_MAX && d.at < d.end; n++) {
		if (!der_take_vector(&d, LENGTH_BYTES, &one) || one.at == one.end)
			return 0;
		der[n].data = data + (one.at - data);
		der[n].size = (unsigned)(one.end - one.at);
	}
	return d.at == d.end ? n : 0;
}
