/* Reads certificates that GnuTLS makes, and compares the results. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "tls/certificate.h"

/* Makes a self-signed certificate for the name. */
static gnutls_datum_t
make(gnutls_pk_algorithm_t kind, unsigned bits, const char *name)
{
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t der;
	const char *why;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, kind, bits, 0), 0);
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
	assert_int_equal(gnutls_x509_crt_set_serial(crt, "\1\2", 2), 0);
	assert_int_equal(gnutls_x509_crt_set_activation_time(crt, 1), 0);
	assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, 2000000000), 0);
	assert_int_equal(gnutls_x509_crt_set_dn(crt, name, &why), 0);
	assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
	assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
	assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der), 0);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
	return der;
}

static void
bad_every_cut_is_refused(void **state)
{
	gnutls_datum_t der = make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), "CN=cut");
	struct certificate c;

	(void)state;
	for (size_t n = 0; n < der.size; n++)
		assert_int_equal(certificate_read(der.data, n, &c), -1);
	gnutls_free(der.data);
}

static void
bad_no_changed_byte_leads_outside(void **state)
{
	gnutls_datum_t der = make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), "CN=changed");
	struct certificate c;

	(void)state;
	for (size_t i = 0; i < der.size; i++)
		for (unsigned bit = 1; bit < 256; bit <<= 1) {
			der.data[i] ^= (unsigned char)bit;
			if (certificate_read(der.data, der.size, &c) == 0) {
				assert_true(c.issuer + c.issuer_len <= der.data + der.size);
				assert_true(c.subject + c.subject_len <= der.data + der.size);
				assert_true(c.p256 == NULL || c.p256 + 64 <= der.data + der.size);
			}
			der.data[i] ^= (unsigned char)bit;
		}
	gnutls_free(der.data);
}

static void
another_kind_of_key_is_left_to_gnutls(void **state)
{
	gnutls_datum_t p384 = make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP384R1), "CN=p384");
	gnutls_datum_t rsa = make(GNUTLS_PK_RSA, 2048, "CN=rsa");
	struct certificate c;

	(void)state;
	assert_int_equal(certificate_read(p384.data, p384.size, &c), 0);
	assert_null(c.p256);
	assert_int_equal(certificate_read(rsa.data, rsa.size, &c), 0);
	assert_null(c.p256);
	gnutls_free(p384.data);
	gnutls_free(rsa.data);
}

static void
names_and_point_are_gnutls_own(void **state)
{
	gnutls_datum_t der = make(
	    GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), "O=us,CN=both");
	gnutls_datum_t name, x, y;
	gnutls_ecc_curve_t curve;
	gnutls_x509_crt_t crt;
	struct certificate c;

	(void)state;
	assert_int_equal(gnutls_x509_crt_init(&crt), 0);
	assert_int_equal(gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER), 0);
	assert_int_equal(gnutls_x509_crt_get_raw_dn(crt, &name), 0);
	assert_int_equal(gnutls_x509_crt_get_pk_ecc_raw(crt, &curve, &x, &y), 0);
	assert_int_equal(certificate_read(der.data, der.size, &c), 0);
	assert_int_equal(c.subject_len, name.size);
	assert_memory_equal(c.subject, name.data, name.size);
	assert_int_equal(c.issuer_len, name.size);
	assert_memory_equal(c.issuer, name.data, name.size);
	assert_non_null(c.p256);
	/* GnuTLS's numbers have no leading zeros, or one too many. */
	for (unsigned i = 1; i <= 32 && i <= x.size; i++)
		assert_int_equal(c.p256[32 - i], x.data[x.size - i]);
	for (unsigned i = 1; i <= 32 && i <= y.size; i++)
		assert_int_equal(c.p256[64 - i], y.data[y.size - i]);
	gnutls_x509_crt_deinit(crt);
	gnutls_free(der.data);
	gnutls_free(name.data);
	gnutls_free(x.data);
	gnutls_free(y.data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_every_cut_is_refused),
		cmocka_unit_test(bad_no_changed_byte_leads_outside),
		cmocka_unit_test(another_kind_of_key_is_left_to_gnutls),
		cmocka_unit_test(names_and_point_are_gnutls_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
