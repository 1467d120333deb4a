/* The options of a TCP socket. */

#include "socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

void
socket_tune(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		/* Without it a small answer behind another waits 40 ms for the peer's delayed acknowledgement. */
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 6 },
		/* For data that is not acknowledged, in milliseconds: as long as the keepalive takes. */
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 150000 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int)) == -1)
			return; /* no TCP */
}
