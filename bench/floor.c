/*
 * The floor under all one-shots: what inetd, fork and exec cost by themselves.  Relays fd 0 to a
 * port of 127.0.0.1 in plain text, and ends with the first side that does.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int
move(int from, int to)
{
	char buf[16384];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && write(to, buf, (size_t)n) == n;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	sa.sin_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1)
		_exit(1);
	(void)setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents != 0 && !move(0, fd))
			break;
		if (p[1].revents != 0 && !move(fd, 0))
			break;
	}
	_exit(0);
}
