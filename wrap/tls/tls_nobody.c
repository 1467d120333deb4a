/*
 * A certificate that proves nothing, for a peer that shows an error only if it comes inside TLS.
 * Key and certificate are made for this one session, and no CA vouches for them.
 */

#include "tls/tls.h"

#include <time.h>

#include <gnutls/x509.h>

#include "tls/tls_state.h"

#define NAME "CN=nobody"
#define LIFE 3600 /* seconds before and after now, for peers whose clock is wrong */

static int
sign(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
	static const unsigned char serial = 1;
	time_t now = time(NULL);
	int r;

	if ((r = gnutls_x509_privkey_generate(
		 key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0)) < 0 ||
	    (r = gnutls_x509_crt_set_version(certificate, 3)) < 0 ||
	    (r = gnutls_x509_crt_set_serial(certificate, &serial, sizeof(serial))) < 0 ||
	    (r = gnutls_x509_crt_set_activation_time(certificate, now - LIFE)) < 0 ||
	    (r = gnutls_x509_crt_set_expiration_time(certificate, now + LIFE)) < 0 ||
	    (r = gnutls_x509_crt_set_dn(certificate, NAME, NULL)) < 0 ||
	    (r = gnutls_x509_crt_set_key(certificate, key)) < 0)
		return r;
	return gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
}

int
tls_show_nobody(struct tls *t)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t certificate = NULL;
	int r;

	if ((r = gnutls_x509_privkey_init(&key)) == 0 &&
	    (r = gnutls_x509_crt_init(&certificate)) == 0 && (r = sign(certificate, key)) == 0)
		r = gnutls_certificate_set_x509_key(t->credentials, &certificate, 1, key);
	if (certificate != NULL)
		gnutls_x509_crt_deinit(certificate);
	if (key != NULL)
		gnutls_x509_privkey_deinit(key);
	return r >= 0 ? 0 : -1;
}
