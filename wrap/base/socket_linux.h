#ifndef INETLS_SOCKET_LINUX_H
#define INETLS_SOCKET_LINUX_H

/* What only Linux's sockets can do. */

/*
 * Lets a socket of that family be bound to an address that this machine does not have
 * (IP_TRANSPARENT in ip(7)).  Needs CAP_NET_ADMIN.  0, or -1 with errno.
 */
int socket_may_take_any_address(int fd, int family);

/*
 * A later bind without a port leaves the choice of the port to connect, so that many sockets can
 * have one address.
 */
void socket_choose_port_late(int fd);

#endif
