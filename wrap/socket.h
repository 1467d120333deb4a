#ifndef INETLS_SOCKET_H
#define INETLS_SOCKET_H

/*
 * What every TCP socket of a session gets, whoever opened it: small writes leave at once, and a peer that has
 * vanished is noticed within minutes, idle or not, so that it does not hold its backend for hours.  Sockets
 * of another kind are left as they are.
 */
void socket_tune(int fd);

#endif
