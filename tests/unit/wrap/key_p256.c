/* P-256 without GnuTLS: it reads every key that GnuTLS writes, and makes good signatures. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include "key/p256.h"

#define KEYS 2000 /* half of them have a zero before the number, and one in 256 is a byte short */

static gnutls_privkey_t
new_key(gnutls_ecc_curve_t curve, char *pem, size_t size)
{
	gnutls_x509_privkey_t key;
	gnutls_privkey_t any;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(
	    gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(curve), 0), 0);
	size--;
	assert_int_equal(gnutls_x509_privkey_export_pkcs8(
			     key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, pem, &size),
	    0);
	pem[size] = '\0';
	assert_int_equal(gnutls_privkey_init(&any), 0);
	assert_int_equal(
	    gnutls_privkey_import_x509(any, key, GNUTLS_PRIVKEY_IMPORT_AUTO_RELEASE), 0);
	return any;
}

static void
another_curve_is_not_taken(void **state)
{
	uint8_t number[P256_SIZE];
	char pem[4096];

	(void)state;
	gnutls_privkey_deinit(new_key(GNUTLS_ECC_CURVE_SECP384R1, pem, sizeof(pem)));
	assert_false(p256_parse(pem, number));
}

static void
what_is_no_key_is_not_taken(void **state)
{
	static const char *const pems[] = { "", "-----BEGIN PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\n-----END",
		"-----BEGIN EC PRIVATE KEY-----\nMAAA\n-----END EC PRIVATE KEY-----",
		"-----BEGIN PRIVATE KEY-----\n????\n-----END PRIVATE KEY-----" };
	uint8_t number[P256_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(pems) / sizeof(pems[0]); i++)
		assert_false(p256_parse(pems[i], number));
}

/* A PEM cut off at each of its bytes. */
static void
half_a_key_is_not_taken(void **state)
{
	static const char end[] = "-----END PRIVATE KEY-----\n";
	uint8_t number[P256_SIZE];
	char pem[4096], cut[4096];
	size_t last;

	(void)state;
	gnutls_privkey_deinit(new_key(GNUTLS_ECC_CURVE_SECP256R1, pem, sizeof(pem)));
	/* The curve and the public half come after the number, and are not read. */
	for (last = strlen("-----BEGIN PRIVATE KEY-----\n"); last < 110; last++) {
		memcpy(cut, pem, last);
		memcpy(cut + last, end, sizeof(end));
		assert_false(p256_parse(cut, number));
	}
}

static void
every_key_of_gnutls_signs(void **state)
{
	uint8_t number[P256_SIZE], hash[32], signature[P256_SIGNATURE_MAX];
	gnutls_datum_t data = { (unsigned char *)(uintptr_t) "what TLS signs", 14 },
		       signed_data = { signature, 0 };
	gnutls_pubkey_t public;
	gnutls_privkey_t key;
	char pem[4096];
	ssize_t n;

	(void)state;
	for (int i = 0; i < KEYS; i++) {
		key = new_key(GNUTLS_ECC_CURVE_SECP256R1, pem, sizeof(pem));
		assert_true(p256_parse(pem, number));
		assert_int_equal(
		    gnutls_hash_fast(GNUTLS_DIG_SHA256, data.data, data.size, hash), 0);
		n = p256_sign(number, hash, signature);
		assert_true(n >= 8 && n <= P256_SIGNATURE_MAX);
		signed_data.size = (unsigned)n;
		assert_int_equal(gnutls_pubkey_init(&public), 0);
		assert_int_equal(gnutls_pubkey_import_privkey(public, key, 0, 0), 0);
		assert_true(gnutls_pubkey_verify_data2(
				public, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signed_data) >= 0);
		signature[n - 1] ^= 1;
		assert_true(gnutls_pubkey_verify_data2(
				public, GNUTLS_SIGN_ECDSA_SHA256, 0, &data, &signed_data) < 0);
		gnutls_pubkey_deinit(public);
		gnutls_privkey_deinit(key);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_key_is_not_taken),
		cmocka_unit_test(another_curve_is_not_taken),
		cmocka_unit_test(half_a_key_is_not_taken),
		cmocka_unit_test(every_key_of_gnutls_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
