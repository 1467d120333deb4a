/* clang-format off */
/*
 * The client of the measurements: OpenSSL's libssl, so that no line of what is measured is in it.
 *
 *	connect CRT PORT latency N [resume] [plain]
 *		N connections, one after the other; each one's milliseconds
 *	connect CRT PORT rate CLIENTS SECONDS [resume] [plain]
 *		so many at a time; connections per second
 *	connect CRT PORT hold N
 *		N at once, held until stdin ends; says "ready" when all are there
 *	connect CRT PORT get|put BYTES SIZE
 *		one connection, BYTES in writes of SIZE; MB per second
 *	connect CRT PORT trips N SIZE [plain]
 *		one connection, N requests of SIZE bytes that come back; each one's microseconds
 *	connect CRT PORT count N
 *		N connections, the session taken over from each to the next; how many were resumed
 *
 * A connection is: connect, handshake, one byte there and back, close_notify, until the other side
 * has ended.  The port is of 127.0.0.1, the certificate must be for localhost.
 */
/* clang-format on */

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define CLIENTS_MAX 256
#define LIMIT_S 60 /* nothing here takes so long */

static struct {
	SSL_CTX *context;
	uint16_t port;
	bool resume, plain;
	double until;
} bench;

struct client {
	SSL_SESSION *session;
	unsigned long done, resumed, failed;
};

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
dial(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(bench.port) };
	struct timeval limit = { LIMIT_S, 0 };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* A client's sessions come in callbacks, since those of TLS 1.3 come after the handshake. */
static int
keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct client *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->session);
	c->session = session;
	return 1;
}

static SSL *
shake_hands(struct client *c, int fd)
{
	SSL *ssl = SSL_new(bench.context);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set1_host(ssl, "localhost") != 1 ||
	    SSL_set_tlsext_host_name(ssl, "localhost") != 1)
		errx(1, "out of memory");
	SSL_set_app_data(ssl, c);
	if (bench.resume && c->session != NULL)
		(void)SSL_set_session(ssl, c->session);
	if (SSL_connect(ssl) == 1) {
		c->resumed += SSL_session_reused(ssl) == 1;
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

static bool
one_plain(int fd)
{
	char byte = 'e';
	bool ok = send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && read(fd, &byte, 1) == 1;

	(void)shutdown(fd, SHUT_WR);
	return ok && read(fd, &byte, 1) == 0;
}

static bool
one_tls(struct client *c, int fd)
{
	SSL *ssl = shake_hands(c, fd);
	char byte = 'e';
	bool ok = ssl != NULL && SSL_write(ssl, &byte, 1) == 1 && SSL_read(ssl, &byte, 1) == 1;

	if (ssl == NULL)
		return false;
	(void)SSL_shutdown(ssl);
	(void)shutdown(fd, SHUT_WR);
	if (ok)
		(void)SSL_read(ssl, &byte, 1); /* its close_notify, or its end */
	SSL_free(ssl);
	return ok;
}

/* One connection from start to end. */
static bool
one(struct client *c)
{
	int fd = dial();
	bool ok = fd != -1 && (bench.plain ? one_plain(fd) : one_tls(c, fd));

	ERR_clear_error();
	if (fd != -1)
		(void)close(fd);
	c->done += ok;
	c->failed += !ok;
	return ok;
}

static void
latency(unsigned long n)
{
	struct client c = { .session = NULL };

	if (!one(&c))
		errx(1, "port %u: no connection", bench.port);
	for (unsigned long i = 0; i < n; i++) {
		double start = now();

		if (!one(&c))
			errx(1, "port %u: connection %lu failed", bench.port, i);
		printf("%.3f\n", (now() - start) * 1e3);
	}
	if (bench.resume && c.resumed != n)
		errx(1, "port %u: %lu of %lu were resumed", bench.port, c.resumed, n);
	SSL_SESSION_free(c.session);
}

static void *
keep_connecting(void *arg)
{
	while (now() < bench.until)
		(void)one(arg);
	return NULL;
}

static void
rate(unsigned long n, double seconds)
{
	static struct client clients[CLIENTS_MAX];
	pthread_t threads[CLIENTS_MAX];
	unsigned long done = 0, failed = 0;
	double start = now();

	if (n > CLIENTS_MAX)
		errx(64, "at most %d clients", CLIENTS_MAX);
	bench.until = start + seconds;
	for (unsigned long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, keep_connecting, &clients[i]) != 0)
			errx(1, "no thread");
	for (unsigned long i = 0; i < n; i++) {
		(void)pthread_join(threads[i], NULL);
		done += clients[i].done;
		failed += clients[i].failed;
	}
	printf("%.1f\n", (double)done / (now() - start));
	if (failed > 0)
		errx(
		    1, "port %u: %lu of %lu connections failed", bench.port, failed, done + failed);
}

static void
count(unsigned long n)
{
	struct client c = { .session = NULL };

	bench.resume = true;
	for (unsigned long i = 0; i <= n; i++)
		if (!one(&c))
			errx(1, "port %u: connection %lu failed", bench.port, i);
	printf("%lu\n", c.resumed);
	SSL_SESSION_free(c.session);
}

static void
hold(unsigned long n)
{
	struct client c = { .session = NULL };
	SSL **held = calloc(n, sizeof(SSL *));
	char byte = 'e';

	for (unsigned long i = 0; held != NULL && i < n; i++) {
		int fd = dial();

		if (fd == -1 || (held[i] = shake_hands(&c, fd)) == NULL ||
		    SSL_write(held[i], &byte, 1) != 1 || SSL_read(held[i], &byte, 1) != 1)
			errx(1, "port %u: %lu of %lu sessions came to be", bench.port, i, n);
	}
	puts("ready");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
}

/* The service is asked for bytes, or told how many come and asked to say when it has them all. */
static void
bulk(char how, uint64_t bytes, size_t size)
{
	struct client c = { .session = NULL };
	unsigned char head[17] = { (unsigned char)how };
	uint64_t record = size, moved = 0;
	char *data = calloc(1, size);
	int fd = dial(), n;
	SSL *ssl = fd != -1 ? shake_hands(&c, fd) : NULL;
	double start;

	if (ssl == NULL || data == NULL)
		errx(1, "port %u: no connection", bench.port);
	memcpy(head + 1, &bytes, 8);
	memcpy(head + 9, &record, 8);
	start = now();
	if (SSL_write(ssl, head, sizeof(head)) != (int)sizeof(head))
		errx(1, "cannot ask for it");
	for (; moved < bytes; moved += (uint64_t)n) {
		size_t part = bytes - moved < size ? (size_t)(bytes - moved) : size;

		n = how == 'g' ? SSL_read(ssl, data, (int)size) : SSL_write(ssl, data, (int)part);
		if (n <= 0)
			errx(1, "ended after %llu bytes", (unsigned long long)moved);
	}
	if (how == 'p' && SSL_read(ssl, data, 1) != 1)
		errx(1, "the service did not confirm");
	printf("%.1f\n", (double)bytes / 1e6 / (now() - start));
	(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)close(fd);
}

static bool
say(SSL *ssl, int fd, const char *data, int size)
{
	return ssl != NULL ? SSL_write(ssl, data, size) == size : write(fd, data, size) == size;
}

static bool
hear(SSL *ssl, int fd, char *data, int size)
{
	for (int n, got = 0; got < size; got += n)
		if ((n = ssl != NULL ? SSL_read(ssl, data, size - got) :
				       (int)read(fd, data, size - got)) <= 0)
			return false;
	return true;
}

static void
trips(unsigned long n, int size)
{
	struct client c = { .session = NULL };
	char *data = malloc((size_t)size);
	int fd = dial();
	SSL *ssl = fd != -1 && !bench.plain ? shake_hands(&c, fd) : NULL;

	if (fd == -1 || data == NULL || (ssl == NULL && !bench.plain))
		errx(1, "port %u: no connection", bench.port);
	memset(data, 'e', (size_t)size);
	for (unsigned long i = 0; i < n; i++) {
		double start = now();

		if (!say(ssl, fd, data, size) || !hear(ssl, fd, data, size))
			errx(1, "port %u: round trip %lu failed", bench.port, i);
		printf("%.1f\n", (now() - start) * 1e6);
	}
	if (ssl != NULL)
		(void)SSL_shutdown(ssl);
	SSL_free(ssl);
	(void)shutdown(fd, SHUT_WR);
	(void)!read(fd, data, 1);
	(void)close(fd);
}

static void
prepare(const char *crt, const char *port)
{
	(void)signal(SIGPIPE, SIG_IGN);
	bench.port = (uint16_t)atoi(port);
	bench.context = SSL_CTX_new(TLS_client_method());
	if (bench.context == NULL || SSL_CTX_load_verify_locations(bench.context, crt, NULL) != 1)
		errx(1, "%s: no certificate", crt);
	SSL_CTX_set_verify(bench.context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(
	    bench.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(bench.context, keep_session);
	/*
	 * What is measured is the server's: the same cipher for all, and each one's default of
	 * tickets.
	 */
	(void)SSL_CTX_set_ciphersuites(bench.context, "TLS_AES_128_GCM_SHA256");
}

static bool
has(int argc, char **argv, const char *word)
{
	for (int i = 4; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	if (argc < 5)
		errx(64,
		    "usage: connect CRT PORT latency|rate|hold|get|put|trips|count N ...; see the head of its source");
	prepare(argv[1], argv[2]);
	bench.resume = has(argc, argv, "resume");
	bench.plain = has(argc, argv, "plain");
	if (strcmp(argv[3], "latency") == 0)
		latency(strtoul(argv[4], NULL, 10));
	else if (strcmp(argv[3], "rate") == 0 && argc > 5)
		rate(strtoul(argv[4], NULL, 10), atof(argv[5]));
	else if (strcmp(argv[3], "hold") == 0)
		hold(strtoul(argv[4], NULL, 10));
	else if (strcmp(argv[3], "trips") == 0 && argc > 5)
		trips(strtoul(argv[4], NULL, 10), atoi(argv[5]));
	else if (strcmp(argv[3], "count") == 0)
		count(strtoul(argv[4], NULL, 10));
	else if (argc > 5 && (strcmp(argv[3], "get") == 0 || strcmp(argv[3], "put") == 0))
		bulk(argv[3][0], strtoull(argv[4], NULL, 10), strtoul(argv[5], NULL, 10));
	else
		errx(64, "%s: not known, or its numbers are missing", argv[3]);
	return 0;
}
