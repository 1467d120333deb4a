/* What only Linux's sockets can do. */

#include "base/socket_linux.h"

#include <netinet/in.h>
#include <sys/socket.h>

int
socket_may_take_any_address(int fd, int family)
{
	int on = 1;

	return family == AF_INET ? setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof(on)) :
				   setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &on, sizeof(on));
}

void
socket_choose_port_late(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
}
