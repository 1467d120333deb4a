#ifndef INETLS_PEER_H
#define INETLS_PEER_H

/* Waiting for the peer, and taking leave of it: what is neither a handshake nor the relay. */

#include <stdbool.h>
#include <stdint.h>

#include "tls/tls.h"

/*
 * Sends what TLS has gathered and waits for what a call wanted (TLS_WANT_*), or for fd also (-1 for
 * none) to be readable, which then is in *heard.  > 0 to try again, or DEADLINE_*.
 */
int peer_wait(struct tls *t, int wanted, int also, bool *heard, int64_t deadline);

/* Says close_notify, or else a fatal alert, and waits a little for it to leave.  Whether it did. */
bool peer_last_words(struct tls *t, bool clean);

/*
 * Says that nothing more comes, and reads and throws away what the peer still sends until it has
 * ended too, for a second at most: closing with unread input would reset the connection and destroy
 * our last words on their way.
 */
void peer_leave(int fd_in, int fd_out);

#endif
