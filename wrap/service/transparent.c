/*
 * -T: the service sees the peer's address.  Bound to a broadcast or multicast address, a socket
 * would be connected from 127.0.0.1, which PostgreSQL often trusts; a PROXY header can name one.
 */

#include "service/transparent.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address_kind.h"
#include "base/socket_linux.h"

int
transparent_prepare(int fd, int family, struct failure *why)
{
	if (socket_may_take_any_address(fd, family) == -1)
		return failure_set(why, EX_CONFIG,
		    "-T: IP_TRANSPARENT: %s; start it as root, or give its user CAP_NET_ADMIN: "
		    "AmbientCapabilities= in a unit, as make systemd TRANSPARENT=yes writes",
		    strerror(errno));
	socket_choose_port_late(fd);
	return 0;
}

int
transparent_try(struct failure *why)
{
	int r, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return failure_set(why, EX_OSERR, "socket: %s", strerror(errno));
	r = transparent_prepare(fd, AF_INET, why);
	(void)close(fd);
	return r;
}

const char *
transparent_refuses(const struct address *peer)
{
	if (peer->sa.ss_family != AF_INET && peer->sa.ss_family != AF_INET6)
		return "-T: the peer has no IP address that the service could see";
	if (address_is_loopback(peer))
		return "-T: a loopback address, which the service may trust; on this machine connect to the "
		       "service itself, or see --transparent=try";
	if (!address_is_of_host(peer))
		return "-T: not the address of one host";
	if (address_is_link_local(peer))
		return "-T: the service cannot see a link-local address, which needs an interface";
	return NULL;
}

static int
bind_to(int fd, const struct address *a)
{
	return bind(fd, (const struct sockaddr *)&a->sa, a->len);
}

int
transparent_bind(int fd, const struct address *from)
{
	struct address a;
	int on = 1;

	address_unmap(from, &a);
	if (bind_to(fd, &a) == -1) {
		if (errno != EACCES && errno != EADDRINUSE && errno != EADDRNOTAVAIL)
			return -1;
		/* The port is in use here, or below 1024. */
		address_set_port(&a, 0);
		if (bind_to(fd, &a) == -1)
			return -1;
	}
	/*
	 * The peer has chosen the port.  It may be that of a service here, which must be able to
	 * listen on it when it is restarted during this session.  Not before bind: that would
	 * succeed then where another session has the port, and connect would fail.
	 */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

bool
transparent_holds(int fd, const struct address *from)
{
	struct address self;

	address_get_self(fd, &self);
	return address_same_ip(&self, from);
}
