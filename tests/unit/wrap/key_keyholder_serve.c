/*
 * The keyholder, with requests as an attacker who has taken over a session could send them: it
 * signs once, only what a handshake signs, and nothing else.
 */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <gnutls/abstract.h>
#include <gnutls/x509.h>

#include "key/keyholder.h"
#include "key/keyholder_serve.h"
#include "confine/confine.h"

#define ANSWER_MS 10000

enum { RSA, WEAK, P256, ED25519, KINDS };

static char pems[KINDS][64];

#define CHAIN "\n-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n"

/* Makes a file for a key; to sign, the keyholder does not look at certificates. */
static void
make_pem(int kind, gnutls_pk_algorithm_t algorithm, unsigned bits)
{
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem;
	int fd;

	(void)snprintf(pems[kind], sizeof(pems[kind]), "/tmp/inetls-unit.XXXXXX");
	fd = mkstemp(pems[kind]);
	assert_int_not_equal(fd, -1);
	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, algorithm, bits, 0), 0);
	assert_int_equal(gnutls_x509_privkey_export2_pkcs8(
			     key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &pem),
	    0);
	assert_int_equal(write(fd, pem.data, pem.size), pem.size);
	assert_int_equal(write(fd, CHAIN, strlen(CHAIN)), strlen(CHAIN));
	(void)close(fd);
	gnutls_free(pem.data);
	gnutls_x509_privkey_deinit(key);
}

static int
make_pems(void **state)
{
	(void)state;
	make_pem(RSA, GNUTLS_PK_RSA, 2048);
	make_pem(WEAK, GNUTLS_PK_RSA, 1024);
	make_pem(P256, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
	make_pem(ED25519, GNUTLS_PK_EDDSA_ED25519, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_ED25519));
	return 0;
}

static int
remove_pems(void **state)
{
	(void)state;
	for (int i = 0; i < KINDS; i++)
		(void)unlink(pems[i]);
	return 0;
}

struct request {
	char letter;
	unsigned algorithm, flags;
	const void *data;
	size_t n;
};

static void
send_request(int fd, const struct request *r)
{
	static char packet[256 * 1024];
	struct keyholder_serve_sign head = { r->algorithm, r->flags };

	packet[0] = r->letter;
	memcpy(packet + 1, &head, sizeof(head));
	memcpy(packet + 1 + sizeof(head), r->data, r->n);
	(void)send(fd, packet, 1 + sizeof(head) + r->n, MSG_NOSIGNAL);
}

/*
 * Whether the next answer is a signature; a refusal is a code with a sentence, or the end of the
 * channel.
 */
static bool
is_signed(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	unsigned char answer[1024];
	ssize_t n;

	assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
	n = recv(fd, answer, sizeof(answer), 0);
	return n > 1 && answer[0] == 0;
}

static int
start(int kind, enum signable_role role)
{
	static struct keyholder k;
	struct confine s;
	struct failure why;

	assert_int_equal(confine_prepare(&s, NULL, NULL, &why), 0);
	s.off = true;
	assert_int_equal(keyholder_start(&k, pems[kind], role, &s, false), 0);
	return k.fd;
}

/* Sends one request on a new channel, then the same again: the second is never answered. */
static bool
signs(int kind, enum signable_role role, const struct request *r)
{
	int fd = start(kind, role);
	bool first;

	send_request(fd, r);
	first = is_signed(fd);
	send_request(fd, r);
	assert_false(is_signed(fd));
	(void)close(fd);
	return first;
}

/* ---- digests ---- */

static const uint8_t zeros[256];

static void
digests_are_signed_once_each(void **state)
{
	const struct request p256 = { 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 32 },
			     sha384 = { 'H', GNUTLS_SIGN_ECDSA_SHA384, 0, zeros, 48 },
			     pss = { 'H', GNUTLS_SIGN_RSA_PSS_RSAE_SHA512, 0, zeros, 64 };

	(void)state;
	assert_true(signs(P256, SIGNABLE_SERVER, &p256));
	assert_true(signs(P256, SIGNABLE_CLIENT, &p256));
	assert_true(signs(P256, SIGNABLE_SERVER, &sha384));
	assert_true(signs(RSA, SIGNABLE_SERVER, &pss));
}

static void
no_other_length_hash_or_flag(void **state)
{
	static const struct request requests[] = {
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 31 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 33 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 0 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 64 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA384, 0, zeros, 32 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA1, 0, zeros, 20 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA224, 0, zeros, 28 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, GNUTLS_PRIVKEY_FLAG_REPRODUCIBLE, zeros, 32 },
		{ 'H', GNUTLS_SIGN_ECDSA_SHA256, ~0u, zeros, 32 },
		{ 'H', GNUTLS_SIGN_UNKNOWN, 0, zeros, 32 },
		{ 'H', 4711, 0, zeros, 32 },
		{ 'D', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 100 },
		{ 'D', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 32 },
		{ 'X', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 32 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_false(signs(P256, SIGNABLE_SERVER, &requests[i]));
}

/* The chain once, and nothing after the signature, whatever was signed. */
static void
a_channel_ends_with_its_signature(void **state)
{
	const struct request hash = { 'H', GNUTLS_SIGN_ECDSA_SHA256, 0, zeros, 32 },
			     other = { 'H', GNUTLS_SIGN_ECDSA_SHA384, 0, zeros, 48 };
	const char chain = KEYHOLDER_SERVE_CHAIN;
	int fd = start(P256, SIGNABLE_SERVER);

	(void)state;
	(void)send(fd, &chain, 1, MSG_NOSIGNAL);
	assert_true(is_signed(fd)); /* the answer has the same kind */
	(void)send(fd, &chain, 1, MSG_NOSIGNAL);
	assert_false(is_signed(fd));
	send_request(fd, &hash);
	assert_false(is_signed(fd));
	(void)close(fd);
	fd = start(P256, SIGNABLE_SERVER);
	send_request(fd, &hash);
	assert_true(is_signed(fd));
	send_request(fd, &other);
	assert_false(is_signed(fd));
	(void)send(fd, &chain, 1, MSG_NOSIGNAL);
	assert_false(is_signed(fd));
	(void)close(fd);
}

/* What PKCS#1 pads: the hash's name and the hash. */
static void
rsa_signs_a_digest_info_and_nothing_raw(void **state)
{
	uint8_t sha256[51] = { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	static const uint8_t sha1[35] = { 0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03,
		0x02, 0x1a, 0x05, 0x00, 0x04, 0x14 };
	struct request good = { 'H', GNUTLS_SIGN_RSA_RAW, 0, sha256, sizeof(sha256) };
	static const struct request requests[] = {
		{ 'H', GNUTLS_SIGN_RSA_RAW, 0, sha1, sizeof(sha1) },
		{ 'H', GNUTLS_SIGN_RSA_RAW, 0, zeros, 51 },
		{ 'H', GNUTLS_SIGN_RSA_RAW, 0, zeros, 256 },
		{ 'H', GNUTLS_SIGN_RSA_RAW, 0, zeros, 32 },
		{ 'H', GNUTLS_SIGN_RSA_SHA1, 0, zeros, 20 },
		{ 'H', GNUTLS_SIGN_RSA_MD5, 0, zeros, 16 },
		{ 'D', GNUTLS_SIGN_RSA_SHA256, 0, zeros, 100 },
		{ 'D', GNUTLS_SIGN_RSA_RAW, 0, zeros, 51 },
	};

	(void)state;
	assert_true(signs(RSA, SIGNABLE_SERVER, &good));
	good.n--;
	assert_false(signs(RSA, SIGNABLE_SERVER, &good));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		assert_false(signs(RSA, SIGNABLE_SERVER, &requests[i]));
}

static void
a_weak_key_signs_neither_first_nor_second(void **state)
{
	const struct request pss = { 'H', GNUTLS_SIGN_RSA_PSS_RSAE_SHA256, 0, zeros, 32 };
	char signature[SIGNER_SIGNATURE_MAX];
	struct failure why;
	struct signer s;

	(void)state;
	assert_int_equal(signer_open(&s, pems[WEAK], SIGNABLE_SERVER, &why), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    signer_sign(&s, true, pss.algorithm, 0, pss.data, pss.n, signature, &why), -1);
		assert_non_null(strstr(why.text, "1024 bits"));
	}
	signer_close(&s);
}

/* ---- messages ---- */

static bool
signs_message(enum signable_role role, const void *data, size_t n)
{
	const struct request r = { 'D', GNUTLS_SIGN_EDDSA_ED25519, 0, data, n };

	return signs(ED25519, role, &r);
}

static size_t
verify_message(uint8_t *out, const char *who, size_t hash)
{
	size_t len = strlen(who) + 1;

	memset(out, ' ', 64);
	memcpy(out + 64, who, len);
	memset(out + 64 + len, 7, hash);
	return 64 + len + hash;
}

static void
eddsa_signs_a_verify_of_its_own_role(void **state)
{
	uint8_t message[512];
	size_t n = verify_message(message, "TLS 1.3, server CertificateVerify", 32);

	(void)state;
	assert_true(signs_message(SIGNABLE_SERVER, message, n));
	assert_true(signs_message(SIGNABLE_BOTH, message, n));
	assert_false(signs_message(SIGNABLE_CLIENT, message, n));
	assert_false(signs_message(SIGNABLE_SERVER, message, n - 1));
	assert_false(signs_message(SIGNABLE_SERVER, message, n + 1));
	assert_false(signs_message(SIGNABLE_SERVER, message + 1, n - 1));
	assert_false(signs_message(SIGNABLE_SERVER, message, 64));
	message[63] = 'x';
	assert_false(signs_message(SIGNABLE_SERVER, message, n));
	n = verify_message(message, "TLS 1.3, client CertificateVerify", 48);
	assert_true(signs_message(SIGNABLE_CLIENT, message, n));
	assert_false(signs_message(SIGNABLE_SERVER, message, n));
	n = verify_message(message, "TLS 1.3, server CertificateVerifz", 32);
	assert_false(signs_message(SIGNABLE_SERVER, message, n));
}

static void
eddsa_signs_a_key_exchange_for_a_server(void **state)
{
	uint8_t message[512] = { 0 };

	(void)state;
	memcpy(message + 64, (uint8_t[]){ 3, 0, 29, 32 }, 4);
	assert_true(signs_message(SIGNABLE_SERVER, message, 100));
	assert_false(signs_message(SIGNABLE_CLIENT, message, 100));
	assert_false(signs_message(SIGNABLE_SERVER, message, 101));
	message[66] = 23;
	assert_false(signs_message(SIGNABLE_SERVER, message, 100));
}

/* Writes one message of a handshake there. */
static uint8_t *
add(uint8_t *at, uint8_t type, size_t n)
{
	at[0] = type;
	at[1] = (uint8_t)(n >> 16);
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
	memset(at + 4, type, n);
	return at + 4 + n;
}

static void
eddsa_signs_a_whole_handshake_for_a_client(void **state)
{
	static const uint8_t types[] = { 1, 2, 11, 12, 13, 14, 11, 16 };
	static uint8_t message[128 * 1024 + 64];
	uint8_t *at = message;

	(void)state;
	for (size_t i = 0; i < sizeof(types); i++)
		at = add(at, types[i], types[i] == 11 ? 16000 : types[i] == 14 ? 0 : 100);
	assert_true(signs_message(SIGNABLE_CLIENT, message, (size_t)(at - message)));
	assert_false(signs_message(SIGNABLE_SERVER, message, (size_t)(at - message)));
	assert_false(signs_message(SIGNABLE_CLIENT, message, (size_t)(at - message) - 1));
	assert_false(signs_message(SIGNABLE_CLIENT, message, (size_t)(at - message) + 1));
	assert_false(signs_message(SIGNABLE_CLIENT, message, 104));
	/* Larger than the keyholder reads: a message that was cut off is not signed. */
	assert_false(signs_message(SIGNABLE_CLIENT, message, sizeof(message)));
}

static void
eddsa_signs_nothing_else(void **state)
{
	static const uint8_t certificate[] = { 0x30, 0x82, 0x01, 0x00, 0xa0, 0x03, 0x02, 0x01,
		0x02 };
	const struct request hash = { 'H', GNUTLS_SIGN_EDDSA_ED25519, 0, zeros, 64 };

	(void)state;
	assert_false(signs_message(SIGNABLE_BOTH, "any message", 11));
	assert_false(signs_message(SIGNABLE_BOTH, certificate, sizeof(certificate)));
	assert_false(signs_message(SIGNABLE_BOTH, zeros, 130));
	assert_false(signs_message(SIGNABLE_BOTH, zeros, 1));
	assert_false(signs_message(SIGNABLE_BOTH, zeros, 0));
	assert_false(signs(ED25519, SIGNABLE_BOTH, &hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_other_length_hash_or_flag),
		cmocka_unit_test(a_channel_ends_with_its_signature),
		cmocka_unit_test(rsa_signs_a_digest_info_and_nothing_raw),
		cmocka_unit_test(a_weak_key_signs_neither_first_nor_second),
		cmocka_unit_test(eddsa_signs_nothing_else),
		cmocka_unit_test(eddsa_signs_a_verify_of_its_own_role),
		cmocka_unit_test(eddsa_signs_a_key_exchange_for_a_server),
		cmocka_unit_test(eddsa_signs_a_whole_handshake_for_a_client),
		cmocka_unit_test(digests_are_signed_once_each),
	};

	return cmocka_run_group_tests(tests, make_pems, remove_pems);
}
