/*
 * A TLS peer that shows a certificate without having its key, and signs with nonsense of the right
 * length: absurd client|server PORT 1.2|1.3 DER [COPIES].  It stays until the other side ends, and
 * prints "up" once it listens.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>

static gnutls_pcert_st chain[64];
static unsigned chain_len = 1;
static gnutls_privkey_t key;
static size_t key_bytes;

static void
check(int r, const char *what)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, gnutls_strerror(r));
	exit(1);
}

static int
sign(gnutls_privkey_t k, gnutls_sign_algorithm_t algorithm, void *context, unsigned flags,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
	(void)k, (void)algorithm, (void)context, (void)flags, (void)data;
	signature->data = gnutls_malloc(key_bytes);
	signature->size = (unsigned)key_bytes;
	memset(signature->data, 0x55, key_bytes);
	signature->data[0] = 0x01;
	return 0;
}

static int
info(gnutls_privkey_t k, unsigned flags, void *context)
{
	(void)k, (void)context;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO)
		return GNUTLS_PK_RSA;
	if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
		return (int)key_bytes * 8;
	if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
		return 1;
	return -1;
}

static int
retrieve(gnutls_session_t s, const struct gnutls_cert_retr_st *i, gnutls_pcert_st **certs,
    unsigned *n, gnutls_ocsp_data_st **ocsp, unsigned *ocsp_n, gnutls_privkey_t *k, unsigned *flags)
{
	(void)s, (void)i;
	*certs = chain;
	*n = chain_len;
	*ocsp = NULL;
	*ocsp_n = 0;
	*k = key;
	*flags = 0;
	return 0;
}

static void
load(const char *file)
{
	gnutls_datum_t der;
	unsigned bits;

	check(gnutls_load_file(file, &der), file);
	for (unsigned i = 0; i < chain_len; i++)
		check(gnutls_pcert_import_x509_raw(&chain[i], &der, GNUTLS_X509_FMT_DER, 0),
		    "certificate");
	check(gnutls_pubkey_get_pk_algorithm(chain[0].pubkey, &bits), "its key");
	key_bytes = (bits + 7) / 8;
	check(gnutls_privkey_init(&key), "key");
	check(gnutls_privkey_import_ext4(key, NULL, NULL, sign, NULL, NULL, info, 0), "key");
}

static int
reach(int server, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (!server)
		return connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 ? fd : -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) == -1 || listen(fd, 1) == -1)
		return -1;
	puts("up");
	(void)fflush(stdout);
	return accept(fd, NULL, NULL);
}

int
main(int argc, char **argv)
{
	int server = argc > 4 && strcmp(argv[1], "server") == 0, fd, r;
	gnutls_certificate_credentials_t credentials;
	gnutls_session_t session;
	char priority[128], waste[4096];

	if (argc < 5)
		return 64;
	if (argc > 5)
		chain_len = (unsigned)atoi(argv[5]);
	load(argv[4]);
	(void)snprintf(priority, sizeof(priority), "NORMAL:-VERS-ALL:+VERS-TLS%s", argv[3]);
	check(gnutls_certificate_allocate_credentials(&credentials), "credentials");
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	gnutls_certificate_set_retrieve_function3(credentials, retrieve);
	check(gnutls_init(&session, server ? GNUTLS_SERVER : GNUTLS_CLIENT), "session");
	check(gnutls_priority_set_direct(session, priority, NULL), "priority");
	check(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), "credentials");
	gnutls_handshake_set_timeout(session, 0);
	if ((fd = reach(server, atoi(argv[2]))) == -1)
		return 1;
	gnutls_transport_set_int(session, fd);
	while ((r = gnutls_handshake(session)) < 0 && !gnutls_error_is_fatal(r))
		continue;
	printf("handshake: %s\n", r < 0 ? gnutls_strerror(r) : "done");
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		printf("alert: %s\n", gnutls_alert_get_name(gnutls_alert_get(session)));
	while ((r = (int)gnutls_record_recv(session, waste, sizeof(waste))) > 0)
		continue;
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		printf("alert: %s\n", gnutls_alert_get_name(gnutls_alert_get(session)));
	(void)fflush(stdout);
	while (read(fd, waste, sizeof(waste)) > 0)
		continue;
	return 0;
}
