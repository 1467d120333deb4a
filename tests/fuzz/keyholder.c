/*
 * libFuzzer: requests to a keyholder, as a session that an attacker has taken over may send them.
 * The input is a list of packets, each a length byte (in fours) and that many bytes.  Whatever they
 * are, at most one chain and one signature come back, then the channel ends; and no answer holds a
 * piece of the key.
 */

#include "key/keyholder_serve.c"
#include "key/p256.h"

#include <fcntl.h>
#include <stdint.h>

#include <gnutls/x509.h>
#include <sys/socket.h>

#define CHAIN "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----"
#define PIECE 12

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char pems[2][8192];
static uint8_t number[P256_SIZE];

static void
check(int condition)
{
	if (!condition)
		abort();
}

/* One key that nettle signs with, and one for GnuTLS. */
static void
make_key(char *pem, gnutls_pk_algorithm_t kind, unsigned bits)
{
	gnutls_x509_privkey_t key;
	size_t len = 6000;

	check(gnutls_x509_privkey_init(&key) == 0);
	check(gnutls_x509_privkey_generate(key, kind, bits, 0) == 0);
	check(gnutls_x509_privkey_export_pkcs8(
		  key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, pem, &len) == 0);
	pem[len] = '\0';
	(void)strcat(pem, CHAIN "\n");
	gnutls_x509_privkey_deinit(key);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	check(gnutls_global_init() == 0);
	make_key(pems[0], GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
	make_key(pems[1], GNUTLS_PK_RSA, 2048);
	check(p256_parse(pems[0], number));
	return 0;
}

/* Stand-ins: this is not about confinement or files. */
int
confine_keyholder(const struct confine *s, struct failure *why)
{
	(void)s, (void)why;
	return 0;
}

int
confine_keyholder_token(const struct confine *s, struct failure *why)
{
	(void)s, (void)why;
	return 0;
}

static void
no_key_in(const uint8_t *answer, size_t n)
{
	const char *text = strstr(pems[0], "KEY-----\n") + 9 + 64;

	for (size_t at = 0; at + PIECE <= P256_SIZE; at++)
		check(memmem(answer, n, number + at, PIECE) == NULL &&
		    memmem(answer, n, text + at / 2, PIECE) == NULL);
	check(memmem(answer, n, "PRIVATE", 7) == NULL);
}

/* Checks what came back for one request. */
static void
check_answer(int fd, const uint8_t *request, size_t n, int *chains, int *signatures)
{
	static uint8_t answer[SIGNER_CHAIN_MAX + 1];
	ssize_t got = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);

	if (got <= 0)
		return;
	no_key_in(answer, (size_t)got);
	if (answer[0] != 0)
		return;
	if (n == 1 && request[0] == KEYHOLDER_SERVE_CHAIN) {
		check(++*chains == 1 && (size_t)got == 1 + strlen(CHAIN) + 1);
		return;
	}
	check(++*signatures == 1 && got <= 1 + SIGNER_SIGNATURE_MAX);
	check(request[0] == KEYHOLDER_SERVE_SIGN_DATA || request[0] == KEYHOLDER_SERVE_SIGN_HASH);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct signer signer = { .path = "key.pem" };
	struct channel channel = { .gave_chain = false };
	int pair[2], chains = 0, signatures = 0, r = 0;
	size_t n;

	if (size < 1)
		return 0;
	signer.pem = strdup(pems[data[0] % 2]);
	signer.len = strlen(signer.pem);
	signer.key_len = (size_t)pemfile_key(signer.pem, signer.len, &signer.key_pem, NULL);
	signer.chain_len = (size_t)pemfile_chain(signer.pem, signer.len, &signer.chain, NULL);
	check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	for (data++, size--; r == 0 && size > 0; data += n, size -= n) {
		n = (size_t)*data++ * 4 + 1;
		size--;
		n = n > size ? size : n;
		if (n == 0)
			(void)shutdown(pair[0], SHUT_WR);
		else
			check(send(pair[0], data, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n);
		r = answer(pair[1], &channel, &signer);
		check_answer(pair[0], data, n, &chains, &signatures);
	}
	check(chains + signatures <= 2 && (signatures == 0 || r == -1));
	signer_close(&signer);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
