/* Keys and certificates read back from their PEM, and the verdict of check at different times. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files/draft.h"
#include "x509/cert.h"
#include "commands/health.h"
#include "x509/key.h"
#include "x509/pem.h"
#include "x509/view.h"
#include "file.h"

#define DAY (24L * 3600)

struct made {
	struct request request;
	struct key key;
	gnutls_x509_crt_t cert;
	char *pem, *crt;
	time_t now;
	char dir[64];
};

static int
setup(void **state)
{
	struct made *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return -1;
	*state = made;
	request_init(&made->request, REQUEST_SERVER);
	made->request.key = key_kind_parse(KEY_DEFAULT, NULL);
	made->now = time(NULL);
	(void)snprintf(made->dir, sizeof(made->dir), "/tmp/certgen_cert.XXXXXX");
	if (mkdtemp(made->dir) == NULL || chdir(made->dir) == -1)
		return -1;
	return request_set(&made->request, REQUEST_NAMES,
	    "db.example.org *.example.org 10.0.0.1 2001:db8::1", NULL);
}

static int
teardown(void **state)
{
	struct made *made = *state;

	key_free(&made->key);
	gnutls_x509_crt_deinit(made->cert);
	free(made->pem);
	free(made->crt);
	(void)unlink("a.pem");
	(void)unlink("a.crt");
	if (chdir("/") == -1 || rmdir(made->dir) == -1)
		return -1;
	free(made);
	return 0;
}

static void
make(struct made *made)
{
	assert_int_equal(key_make(&made->key, made->request.key, NULL), 0);
	assert_non_null(made->cert = cert_make(&made->request, &made->key, made->now, NULL));
	assert_non_null(made->pem = pem_join(&made->key, made->cert, NULL, 0, NULL));
	assert_non_null(made->crt = cert_pem(made->cert, NULL));
}

static void
store(const char *pem, const char *crt, mode_t mode)
{
	assert_int_equal(draft_replace("a.pem", mode, pem, strlen(pem), NULL), 0);
	if (crt != NULL)
		assert_int_equal(draft_replace("a.crt", 0644, crt, strlen(crt), NULL), 0);
}

/* The verdict on a.pem that many days from now. */
static enum health_state
look(const struct made *made, long days, struct health *health)
{
	const struct health_limits limits = { 30, 7, made->now + days * DAY };

	health_examine("a.pem", &limits, health);
	return health->state;
}

static void
bad_kinds_of_keys_are_refused(void **state)
{
	static const char *const bad[] = { "", "rsa:1024", "rsa:8192", "rsa:", "dsa", "ecdsa-p521",
		"RSA" };
	struct failure why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(key_kind_parse(bad[i], NULL));
	assert_null(key_kind_parse("ed25519", &why));
	assert_non_null(strstr(why.text, "SCRAM"));
}

static void
bad_pems_are_not_read(void **state)
{
	static const char *const bad[] = { "", "hello", "-----BEGIN CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" };
	gnutls_x509_crt_t *certs;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(cert_load(bad[i], strlen(bad[i]), &certs, NULL), -1);
}

static void
bad_a_key_of_another_certificate_is_seen(void **state)
{
	struct made *made = *state, other = *made;
	struct health health;
	char *mixed;

	make(made);
	make(&other);
	assert_int_not_equal(cert_matches(made->cert, &other.key), 1);
	assert_non_null(mixed = pem_join(&other.key, made->cert, NULL, 0, NULL));
	assert_int_equal(pem_check(mixed, &other.key, NULL), -1);
	store(mixed, NULL, 0600);
	assert_int_equal(look(made, 0, &health), HEALTH_CRITICAL);
	assert_non_null(strstr(health.text, "does not belong to the certificate"));
	free(mixed);
	/* The same with a .crt of another key beside it. */
	store(made->pem, other.crt, 0600);
	assert_int_equal(look(made, 0, &health), HEALTH_WARNING);
	assert_non_null(strstr(health.text, "a.crt"));
	key_free(&other.key);
	gnutls_x509_crt_deinit(other.cert);
	free(other.pem);
	free(other.crt);
}

static void
bad_files_have_their_verdict(void **state)
{
	struct made *made = *state;
	struct health health;

	make(made);
	assert_int_equal(look(made, 0, &health), HEALTH_UNKNOWN);
	store("garbage", NULL, 0600);
	assert_int_equal(look(made, 0, &health), HEALTH_UNKNOWN);
	store(made->pem, made->crt, 0644);
	assert_int_equal(look(made, 0, &health), HEALTH_CRITICAL);
	assert_non_null(strstr(health.text, "chmod 600"));
	/* A certificate alone may be readable by everybody. */
	store(made->crt, NULL, 0644);
	assert_int_equal(look(made, 0, &health), HEALTH_OK);
}

static void
the_verdict_follows_the_calendar(void **state)
{
	static const struct {
		long day;
		enum health_state state;
		long left;
	} days[] = {
		{ -2, HEALTH_CRITICAL, 102 },
		{ 0, HEALTH_OK, 100 },
		{ 70, HEALTH_OK, 30 },
		{ 71, HEALTH_WARNING, 29 },
		{ 93, HEALTH_WARNING, 7 },
		{ 94, HEALTH_CRITICAL, 6 },
		{ 100, HEALTH_CRITICAL, 0 },
		{ 101, HEALTH_CRITICAL, -1 },
		{ 1000, HEALTH_CRITICAL, -900 },
	};
	struct made *made = *state;
	struct health health;

	made->request.days = 100;
	make(made);
	store(made->pem, made->crt, 0600);
	for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++) {
		if (look(made, days[i].day, &health) != days[i].state)
			fail_msg("day %ld: %s", days[i].day, health.text);
		assert_int_equal(health.has_days, 1);
		assert_int_equal(health.days, days[i].left);
	}
}

static void
what_is_broken_comes_before_what_is_unknown(void **state)
{
	(void)state;
	assert_int_equal(health_worse(HEALTH_OK, HEALTH_WARNING), HEALTH_WARNING);
	assert_int_equal(health_worse(HEALTH_UNKNOWN, HEALTH_WARNING), HEALTH_UNKNOWN);
	assert_int_equal(health_worse(HEALTH_UNKNOWN, HEALTH_CRITICAL), HEALTH_CRITICAL);
}

static void
every_kind_makes_a_pem_that_is_read_back(void **state)
{
	static const char *const kinds[] = { "ecdsa", "ecdsa-p256", "ecdsa-p384", "rsa:2048" };
	struct made *made = *state;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct made one = *made;

		assert_non_null(one.request.key = key_kind_parse(kinds[i], NULL));
		make(&one);
		assert_int_equal(pem_check(one.pem, &one.key, NULL), 0);
		assert_non_null(strstr(one.pem, "-----BEGIN PRIVATE KEY-----"));
		assert_memory_equal(one.pem, "# ", 2);
		assert_memory_equal(one.crt, "-----BEGIN CERTIFICATE-----", 27);
		key_free(&one.key);
		gnutls_x509_crt_deinit(one.cert);
		free(one.pem);
		free(one.crt);
	}
}

static void
the_certificate_says_what_was_asked_for(void **state)
{
	static const char *const names[] = { "db.example.org", "*.example.org", "10.0.0.1",
		"2001:db8::1" };
	struct made *made = *state;
	char text[256];
	unsigned char serial[32];
	size_t len = sizeof(serial);

	make(made);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(view_name(made->cert, i, text, sizeof(text)), 1);
		assert_string_equal(text, names[i]);
	}
	assert_int_equal(view_name(made->cert, 4, text, sizeof(text)), 0);
	assert_int_equal(gnutls_x509_crt_get_serial(made->cert, serial, &len), 0);
	assert_int_equal(len, 20);
	assert_true(serial[0] < 0x80 && serial[0] != 0);
	assert_int_equal(strlen(view_fingerprint(made->cert, text)), 95);
	assert_int_equal(strlen(view_pin(made->cert, text)), 8 + 44);
	assert_memory_equal(text, "sha256//", 8);
}

static void
the_whole_span_is_what_apple_accepts(void **state)
{
	struct made *made = *state;
	time_t begin, end;

	cert_validity(&made->request, made->now, &begin, &end);
	assert_int_equal(made->now - begin, DAY);
	assert_int_equal(end - begin, 825 * DAY);
	made->request.days = 1;
	cert_validity(&made->request, made->now, &begin, &end);
	assert_int_equal(end - made->now, DAY);
}

static void
a_name_too_long_for_the_subject_is_only_an_alternative_name(void **state)
{
	struct made *made = *state;
	char text[256];
	size_t len = sizeof(text);

	assert_int_equal(
	    request_set(&made->request, REQUEST_NAMES,
		"a23456789012345678901234567890123456789012345678901234567890.example", NULL),
	    0);
	make(made);
	assert_int_equal(gnutls_x509_crt_get_dn(made->cert, text, &len), 0);
	assert_string_equal(text, "CN=inetls");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(bad_kinds_of_keys_are_refused),
		TEST(bad_pems_are_not_read),
		TEST(bad_a_key_of_another_certificate_is_seen),
		TEST(bad_files_have_their_verdict),
		TEST(the_verdict_follows_the_calendar),
		TEST(what_is_broken_comes_before_what_is_unknown),
		TEST(every_kind_makes_a_pem_that_is_read_back),
		TEST(the_certificate_says_what_was_asked_for),
		TEST(the_whole_span_is_what_apple_accepts),
		TEST(a_name_too_long_for_the_subject_is_only_an_alternative_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
