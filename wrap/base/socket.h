#ifndef INETLS_SOCKET_H
#define INETLS_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What every TCP socket of a session gets, whoever opened it: small writes leave at once, and a
 * peer that has vanished is noticed within minutes, idle or not, so that it does not hold its
 * backend for hours.  Sockets of another kind are left as they are.
 */
void socket_tune(int fd);

/*
 * From now on the end of this process, whatever kills it, resets a TCP connection: what was sent
 * must not be taken for the whole.  Until socket_release says that all is said.
 */
void socket_arm(int fd);
void socket_release(int fd);

/*
 * Closes a connection so that the other end cannot take what it has for the whole: waits, until the
 * deadline at most, for what was sent to arrive, then resets.  A Unix socket has no reset, nor has
 * a pipe: they are only closed.
 */
void socket_abort(int fd, int64_t deadline);

/*
 * Whether the other end of a connection whose end of file has come may have closed it, and not only
 * said that it sends no more.  A Unix socket hangs up.  TCP says the same in both cases until it is
 * sent data that nobody takes: so there it always may.
 */
bool socket_may_be_closed(int fd);

/*
 * Makes a descriptor non-blocking for this process alone: a pipe or a terminal is opened anew,
 * since its flags belong to whoever else has it too.  how is O_RDONLY or O_WRONLY.  0, or -1 and
 * errno.
 */
int socket_unblock(int fd, int how);

#endif
