#ifndef INETLS_PEER_H
#define INETLS_PEER_H

/* Waiting for the peer outside the relay, and closing the connection to it. */

#include <stdbool.h>
#include <stdint.h>

#include "tls/tls.h"

/*
 * Sends what TLS has gathered, then waits for what a call wanted (TLS_WANT_*), or until the
 * descriptor also (-1 for none) is readable, which sets *heard.  > 0: try again; or DEADLINE_*.  If
 * bytes never stop coming, a signal is not noticed here.
 */
int peer_wait(struct tls *t, int wanted, int also, bool *heard, int64_t deadline);

/* tls_read, but waits until there is something to return, by the deadline: else TLS_FAILED. */
ssize_t peer_read(struct tls *t, void *data, size_t n, int64_t deadline);

/*
 * Sends close_notify or a fatal alert, and waits a little until it is sent.  Returns whether it
 * was.
 */
bool peer_last_words(struct tls *t, bool clean);

/*
 * Ends our direction, then reads and discards what the peer still sends until it ends too, for a
 * second at most.  Closing with unread input would reset the connection and destroy what we sent
 * last.
 */
void peer_leave(int fd_in, int fd_out);

#endif
