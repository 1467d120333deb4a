/*
 * libFuzzer: a whole session over a socket pair, as inetd would start it, but without fork and
 * confinement.  The first byte of the input says what the peer is (raw bytes; a TLS client of
 * version 1.2 or 1.3; the same after what PostgreSQL says in clear) and what the service does
 * (echo, reset, close).  The rest is what the peer sends, as raw bytes or as commands: one byte, a
 * length and that many bytes.  Whatever they are, the session ends by itself, with an exit code.
 */

#include "session/session.c"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PGSQL = 1, TLS = 2, TLS12 = 4, RESET = 16, CLOSE = 32 };
enum { SEND, RAW, BYE, UPDATE, RENEGOTIATE, READ, FIN };

static struct options plain_options, pgsql_options;
static char pem_path[64];
static volatile int service_mode;
static gnutls_certificate_credentials_t credentials;

static void
check(int condition)
{
	if (!condition)
		abort();
}

/* ---- stand-ins for users and system call filters ---- */

void
confine_keep_orphans(void)
{
}

void
confine_keep_root(struct confine *s)
{
	(void)s;
}

int
confine_prepare(struct confine *s, const char *user, const char *group, struct failure *why)
{
	(void)user, (void)group, (void)why;
	*s = (struct confine){ .off = true };
	return 0;
}

int
confine_session(const struct confine *s, const struct confine_kept *d, struct failure *why)
{
	(void)s, (void)d, (void)why;
	return 0;
}

int
confine_become(const struct confine *s, struct failure *why)
{
	(void)s, (void)why;
	return 0;
}

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

const char *
confine_features(void)
{
	return "";
}

/* ---- the service ---- */

static void *
serve(void *listener)
{
	for (;;) {
		int fd = accept(*(int *)listener, NULL, NULL);
		struct linger reset = { 1, 0 };
		char data[4096];
		ssize_t n;

		if (service_mode & RESET)
			(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		while ((n = read(fd, data, sizeof(data))) > 0) {
			if (service_mode & (RESET | CLOSE) ||
			    send(fd, data, (size_t)n, MSG_NOSIGNAL) != n)
				break;
		}
		(void)close(fd);
	}
	return NULL;
}

static in_port_t
start_service(void)
{
	static int listener;
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sa);
	pthread_t thread;

	check((listener = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	check(
	    bind(listener, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(listener, 100) == 0);
	check(getsockname(listener, (struct sockaddr *)&sa, &len) == 0);
	check(pthread_create(&thread, NULL, serve, &listener) == 0);
	return ntohs(sa.sin_port);
}

/* ---- the peer ---- */

struct peer {
	int fd, mode;
	const uint8_t *data;
	size_t size;
};

static void
write_all(int fd, const void *data, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		data = (const char *)data + sent;
		n -= (size_t)sent;
	}
}

/* Does one command; -1 if the session cannot go on. */
static int
obey(gnutls_session_t tls, const struct peer *p, unsigned command, const uint8_t *data, size_t n)
{
	char back[512];

	switch (command % (FIN + 1)) {
	case SEND: return n == 0 || gnutls_record_send(tls, data, n) >= 0 ? 0 : -1;
	case RAW: write_all(p->fd, data, n); return 0;
	case BYE: return gnutls_bye(tls, GNUTLS_SHUT_WR);
	case UPDATE: return gnutls_session_key_update(tls, n % 2 ? GNUTLS_KU_PEER : 0);
	case RENEGOTIATE:
		return gnutls_protocol_get_version(tls) == GNUTLS_TLS1_2 ? gnutls_handshake(tls) :
									   0;
	case READ: return gnutls_record_recv(tls, back, sizeof(back)) >= 0 ? 0 : -1;
	default: (void)shutdown(p->fd, SHUT_WR); return 0;
	}
}

static void
speak_tls(struct peer *p)
{
	static const uint8_t request[] = { 0, 0, 0, 8, 4, 210, 22, 47 };
	gnutls_session_t tls;
	char letter;

	if (p->mode & PGSQL) {
		write_all(p->fd, request, sizeof(request));
		if (read(p->fd, &letter, 1) != 1)
			return;
	}
	check(gnutls_init(&tls, GNUTLS_CLIENT) == 0);
	check(gnutls_priority_set_direct(
		  tls, p->mode & TLS12 ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : "NORMAL", NULL) == 0);
	check(gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, credentials) == 0);
	gnutls_transport_set_int(tls, p->fd);
	gnutls_handshake_set_timeout(tls, 2000);
	gnutls_record_set_timeout(tls, 20);
	/*
	 * The input is used after the handshake, which fails only if the machine is too slow for
	 * the timeouts.
	 */
	if (gnutls_handshake(tls) < 0)
		p->size = 0;
	while (p->size >= 2) {
		size_t n = p->data[1] < p->size - 2 ? p->data[1] : p->size - 2;

		if (obey(tls, p, p->data[0], p->data + 2, n) < 0)
			break;
		p->data += n + 2;
		p->size -= n + 2;
	}
	gnutls_deinit(tls);
}

static void *
be_peer(void *peer)
{
	struct peer *p = peer;

	if (p->mode & TLS)
		speak_tls(p);
	else
		write_all(p->fd, p->data, p->size);
	(void)shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

/* ---- the session ---- */

static void
make_pem(void)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	char pem[8192];
	size_t len = 4000;
	int fd = memfd_create("pem", 0);

	check(gnutls_x509_privkey_init(&key) == 0 && gnutls_x509_crt_init(&crt) == 0);
	check(gnutls_x509_privkey_generate(
		  key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) == 0);
	check(gnutls_x509_crt_set_version(crt, 3) == 0 &&
	    gnutls_x509_crt_set_serial(crt, "\1", 1) == 0);
	check(gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL) == 0 &&
	    gnutls_x509_crt_set_key(crt, key) == 0);
	check(gnutls_x509_crt_set_activation_time(crt, 1000000000) == 0);
	check(gnutls_x509_crt_set_expiration_time(crt, 4000000000) == 0);
	check(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0) == 0);
	check(gnutls_x509_privkey_export_pkcs8(
		  key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, pem, &len) == 0);
	pem[len] = '\0';
	len = sizeof(pem) - strlen(pem);
	check(gnutls_x509_crt_export(crt, GNUTLS_X509_FMT_PEM, pem + strlen(pem), &len) == 0);
	check(fchmod(fd, 0600) == 0 && write(fd, pem, strlen(pem)) == (ssize_t)strlen(pem));
	(void)snprintf(pem_path, sizeof(pem_path), "/proc/self/fd/%d", fd);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static void
parse(struct options *o, char *to, char *more)
{
	char *base[] = { "inetls-wrap", "-p", pem_path, "-o", "/dev/null", "--no-sandbox",
		"--no-keyholder", "--handshake-timeout", "2s", "--connect-timeout", "1s",
		"--close-timeout", "200ms", "--idle-timeout", "200ms", "-r" };
	char *argv[24];
	int n = sizeof(base) / sizeof(base[0]);
	struct failure why;

	memcpy(argv, base, sizeof(base));
	argv[n++] = to;
	if (more != NULL) {
		argv[n++] = "-n";
		argv[n++] = more;
	}
	argv[n] = NULL;
	optind = 0;
	check(options_parse(n, argv, o, &why) == 0);
	check(log_open(&o->log, &why) == 0);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char to[32];

	(void)argc, (void)argv;
	check(gnutls_global_init() == 0 &&
	    gnutls_certificate_allocate_credentials(&credentials) == 0);
	make_pem();
	(void)snprintf(to, sizeof(to), "127.0.0.1:%d", start_service());
	parse(&plain_options, to, NULL);
	parse(&pgsql_options, to, "pgsql");
	return 0;
}

static void
run_session(const struct options *o)
{
	struct session s;
	struct address peer;
	bool opened;
	int code;

	address_get_peer(STDIN_FILENO, &peer);
	init(&s, o, NULL);
	opened = begin(&s, &peer) == 0 && session_open(&s) == 0 && session_confine(&s) == 0;
	if (opened)
		serve_peer(&s);
	code = conclude(&s);
	check(opened && s.result != NULL);
	check(code == EX_OK || code == EX_UNAVAILABLE);
	check(s.relay.outcome != RELAY_DONE || !s.truncated);
	if (s.tls != NULL)
		tls_free(s.tls);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct peer p = { .mode = size > 0 ? data[0] : 0, .data = data + 1, .size = size - 1 };
	pthread_t thread;
	int pair[2], null;

	if (size < 1)
		return 0;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	check(dup2(pair[1], STDIN_FILENO) != -1 && dup2(pair[1], STDOUT_FILENO) != -1);
	(void)close(pair[1]);
	p.fd = pair[0];
	service_mode = p.mode;
	check(pthread_create(&thread, NULL, be_peer, &p) == 0);
	run_session(p.mode & PGSQL ? &pgsql_options : &plain_options);
	/* When the process ends, its descriptors end too. */
	check((null = open("/dev/null", O_RDWR)) != -1);
	check(dup2(null, STDIN_FILENO) != -1 && dup2(null, STDOUT_FILENO) != -1);
	(void)close(null);
	check(pthread_join(thread, NULL) == 0);
	(void)close(pair[0]);
	return 0;
}
