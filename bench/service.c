/*
 * The service behind what is measured, one thread for each connection.  It prints its port, and
 * ends with its stdin.  The first byte of a connection says what is wanted: e: every byte comes
 * back; g: so many bytes in writes of that size, the two numbers follow; p: so many bytes are
 * coming, then one back.
 */

#include <arpa/inet.h>
#include <err.h>
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
#include <unistd.h>

#define BUFFER (1 << 17)

static bool
write_all(int fd, const char *data, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done <= 0)
			return false;
		data += done;
		n -= (size_t)done;
	}
	return true;
}

static void
echo(int fd, char *buf, ssize_t n)
{
	while (n > 0 && write_all(fd, buf, (size_t)n))
		n = read(fd, buf, BUFFER);
}

static void
give(int fd, char *buf, uint64_t bytes, uint64_t size)
{
	size_t part = size < BUFFER ? (size_t)size : BUFFER;

	while (bytes > 0 && part > 0 && write_all(fd, buf, bytes < part ? (size_t)bytes : part))
		bytes -= bytes < part ? bytes : part;
}

static void
swallow(int fd, char *buf, uint64_t bytes, ssize_t n)
{
	for (; n > 0 && bytes > (uint64_t)n; n = read(fd, buf, BUFFER))
		bytes -= (uint64_t)n;
	if (n > 0)
		(void)write_all(fd, "!", 1);
}

/* Seventeen bytes of head, of which echo needs but the first. */
static void
serve(int fd, char *buf)
{
	uint64_t numbers[2];
	ssize_t n = read(fd, buf, BUFFER), more;

	if (n <= 0)
		return;
	if (buf[0] == 'e') {
		echo(fd, buf, n);
		return;
	}
	for (; n < 17; n += more)
		if ((more = read(fd, buf + n, (size_t)(BUFFER - n))) <= 0)
			return;
	memcpy(numbers, buf + 1, sizeof(numbers));
	if (buf[0] == 'g')
		give(fd, buf, numbers[0], numbers[1]);
	else if (n > 17)
		swallow(fd, buf, numbers[0], n - 17);
	else
		swallow(fd, buf, numbers[0], read(fd, buf, BUFFER));
}

static void *
serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg, on = 1;
	char *buf = calloc(1, BUFFER);

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (buf != NULL)
		serve(fd, buf);
	(void)shutdown(fd, SHUT_WR);
	while (buf != NULL && read(fd, buf, BUFFER) > 0)
		continue;
	free(buf);
	(void)close(fd);
	return NULL;
}

static void *
wait_for_the_end(void *arg)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	(void)arg;
	exit(0);
}

int
main(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(sa);
	pthread_attr_t attr;
	pthread_t thread;

	(void)signal(SIGPIPE, SIG_IGN);
	if (listener == -1 || bind(listener, (struct sockaddr *)&sa, len) == -1 ||
	    listen(listener, 4096) == -1 ||
	    getsockname(listener, (struct sockaddr *)&sa, &len) == -1)
		err(1, "listen");
	printf("%u\n", ntohs(sa.sin_port));
	(void)fflush(stdout);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 65536);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, wait_for_the_end, NULL) != 0)
		errx(1, "no thread");
	for (;;)
		if ((fd = accept(listener, NULL, NULL)) != -1 &&
		    pthread_create(&thread, &attr, serve_one, (void *)(intptr_t)fd) != 0)
			(void)close(fd);
}
