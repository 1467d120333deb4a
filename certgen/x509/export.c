/*
 * PKCS#12.  Only two ciphers are used: Java cannot read GnuTLS's 3DES under PBES2, and the older
 * form of 3DES is the only one that older Windows can read.
 */

#include "x509/export.h"

#include <gnutls/pkcs12.h>
#include <string.h>

#define FRIENDLY_NAME "user"
#define ID_MAX 20

static unsigned
cipher(const struct export_p12 *what)
{
	return what->legacy ? GNUTLS_PKCS_PKCS12_3DES : GNUTLS_PKCS_PBES2_AES_256;
}

/* The attribute by which a reader finds the certificate that belongs to the key. */
static int
mark(gnutls_pkcs12_bag_t bag, unsigned index, const struct export_p12 *what)
{
	unsigned char id[ID_MAX];
	size_t len = sizeof(id);
	gnutls_datum_t data = { id, 0 };
	int r = gnutls_x509_crt_get_key_id(what->cert, GNUTLS_KEYID_USE_SHA1, id, &len);

	data.size = (unsigned)len;
	if (r == 0)
		r = gnutls_pkcs12_bag_set_key_id(bag, index, &data);
	return r < 0 ? r : gnutls_pkcs12_bag_set_friendly_name(bag, index, FRIENDLY_NAME);
}

static int
add_certs(gnutls_pkcs12_t p12, const struct export_p12 *what)
{
	gnutls_pkcs12_bag_t bag;
	int r = gnutls_pkcs12_bag_init(&bag), index;

	if (r < 0)
		return r;
	if ((index = gnutls_pkcs12_bag_set_crt(bag, what->cert)) < 0)
		r = index;
	else
		r = mark(bag, (unsigned)index, what);
	for (int i = 0; r >= 0 && i < what->count; i++)
		r = gnutls_pkcs12_bag_set_crt(bag, what->chain[i]);
	if (r >= 0)
		r = gnutls_pkcs12_bag_encrypt(bag, what->passphrase, cipher(what));
	if (r >= 0)
		r = gnutls_pkcs12_set_bag(p12, bag);
	gnutls_pkcs12_bag_deinit(bag);
	return r;
}

static int
add_key(gnutls_pkcs12_t p12, const struct export_p12 *what)
{
	gnutls_datum_t der = { NULL, 0 };
	gnutls_pkcs12_bag_t bag;
	int r = gnutls_pkcs12_bag_init(&bag), index;

	if (r < 0)
		return r;
	r = gnutls_x509_privkey_export2_pkcs8(
	    what->key, GNUTLS_X509_FMT_DER, what->passphrase, cipher(what), &der);
	if (r >= 0 &&
	    (r = index = gnutls_pkcs12_bag_set_data(bag, GNUTLS_BAG_PKCS8_ENCRYPTED_KEY, &der)) >=
		0)
		r = mark(bag, (unsigned)index, what);
	if (r >= 0)
		r = gnutls_pkcs12_set_bag(p12, bag);
	gnutls_free(der.data);
	gnutls_pkcs12_bag_deinit(bag);
	return r;
}

int
export_p12(const struct export_p12 *what, gnutls_datum_t *p12, struct failure *why)
{
	gnutls_pkcs12_t file = NULL;
	int r;

	p12->data = NULL;
	if ((r = gnutls_pkcs12_init(&file)) == 0 && (r = add_certs(file, what)) >= 0 &&
	    (r = add_key(file, what)) >= 0)
		r = gnutls_pkcs12_generate_mac2(
		    file, what->legacy ? GNUTLS_MAC_SHA1 : GNUTLS_MAC_SHA256, what->passphrase);
	if (r >= 0)
		r = gnutls_pkcs12_export2(file, GNUTLS_X509_FMT_DER, p12);
	gnutls_pkcs12_deinit(file);
	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "make a PKCS#12: %s", gnutls_strerror(r));
	return 0;
}

int
export_pk8(gnutls_x509_privkey_t key, gnutls_datum_t *pk8, struct failure *why)
{
	int r = gnutls_x509_privkey_export2_pkcs8(
	    key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN, pk8);

	if (r < 0)
		return failure_set(
		    why, EX_SOFTWARE, "write the key as PKCS#8: %s", gnutls_strerror(r));
	return 0;
}

void
export_wipe(gnutls_datum_t *data)
{
	if (data->data != NULL)
		gnutls_memset(data->data, 0, data->size);
	gnutls_free(data->data);
	data->data = NULL;
	data->size = 0;
}
