#ifndef INETLS_SOCKET_H
#define INETLS_SOCKET_H

/* The options of a session's TCP sockets, and how such a connection is ended. */

#include <stdbool.h>
#include <stdint.h>

/*
 * Sets the options that a TCP socket of a session has: small writes are sent at once, and, if the
 * other end is on another machine, its vanishing is noticed within minutes, idle or not, so that a
 * peer does not keep its backend for hours.  Other sockets are left as they are.
 */
void socket_tune(int fd, bool remote);

/*
 * From now on a TCP connection is reset when this process ends, whatever kills it: the other end
 * must not mistake cut input for complete.  socket_release undoes this, once everything is sent.
 */
void socket_arm(int fd);
void socket_release(int fd);

/*
 * From now on a wait reports a TCP connection readable only once it has so many bytes, or has
 * ended: SO_RCVLOWAT in socket(7).  At first it is 1.  Other descriptors are left as they are, or
 * do not heed it in a wait.
 */
void socket_wake_at(int fd, int bytes);

/*
 * Closes a connection so that the other end cannot mistake cut input for complete: waits, until the
 * deadline at most, for sent data to arrive, then resets.  A Unix socket or a pipe has no reset and
 * is only closed.
 */
void socket_abort(int fd, int64_t deadline);

/*
 * To be asked after an end of file: may the other end have closed the connection, and not only its
 * sending half?  A Unix socket reports a hang-up.  TCP looks the same in both cases until data is
 * sent that nobody takes, so for TCP the answer is always yes.
 */
bool socket_may_be_closed(int fd);

/*
 * Makes a descriptor non-blocking for this process only.  A pipe or a terminal is opened again for
 * that, since other processes may share its flags.  how is O_RDONLY or O_WRONLY.  0, or -1 and
 * errno.
 */
int socket_unblock(int fd, int how);

#endif
