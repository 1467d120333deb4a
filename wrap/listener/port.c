/* Listening sockets. */

#include "listener/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* fd; -1 and *why; or -2 where this machine has no such address family. */
static int
listen_on(const struct address *a, struct failure *why)
{
	char text[ADDRESS_TEXT];
	int on = 1, fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1 && errno == EAFNOSUPPORT)
		return -2;
	address_format(a, text);
	if (fd == -1)
		return failure_set(why, EX_OSERR, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* One socket for each family, so that IPv4 peers always have an IPv4 address. */
	if (a->sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) == -1 ||
	    listen(fd, SOMAXCONN) == -1) {
		bool no_such_family = errno == EADDRNOTAVAIL && a->sa.ss_family == AF_INET6;

		failure_set(why, EX_OSERR, "listen on %s: %s%s", text, strerror(errno),
		    errno == EADDRINUSE ?
			"; another program listens there: `ss -ltnp` shows which" :
			errno == EACCES ? "; a port below 1024 needs root" :
					  "");
		(void)close(fd);
		return no_such_family ? -2 : -1;
	}
	return fd;
}

/*
 * Port 0 must become the same number on every address, so the first number that the kernel picks is
 * used for the others.
 */
static void
keep_port(struct address_list *list, int fd)
{
	struct address self;

	address_get_self(fd, &self);
	for (int i = 0; i < list->n; i++)
		address_set_port(&list->at[i], address_port(&self));
}

int
port_open(struct port *p, const struct endpoint *where, bool local, struct failure *why)
{
	struct address_list list;

	p->n = 0;
	if (address_resolve(where, !local, &list, why) == -1)
		return -1;
	for (int i = 0; i < list.n; i++) {
		int fd = listen_on(&list.at[i], why);

		if (fd == -1)
			return -1;
		if (fd == -2)
			continue; /* IPv6 is switched off: IPv4 alone serves */
		keep_port(&list, fd);
		p->fds[p->n++] = fd;
	}
	return p->n > 0 ? 0 : failure_set(why, EX_OSERR, "-d: no address to listen on");
}

void
port_close(struct port *p)
{
	for (int i = 0; i < p->n; i++)
		(void)close(p->fds[i]);
	p->n = 0;
}
