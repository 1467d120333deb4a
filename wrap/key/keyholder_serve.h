#ifndef INETLS_KEYHOLDER_SERVE_H
#define INETLS_KEYHOLDER_SERVE_H

/*
 * What the keyholder runs after the fork, and its messages.  A message is one packet.  A request is
 * a letter with its arguments.  An answer is a zero byte and the result, or an exit code and a
 * sentence.  A process with many sessions passes new channels, with one byte, over the control
 * socket.
 */

#include <stdint.h>

#include "key/signable.h"

enum {
	KEYHOLDER_SERVE_CHAIN = 'C',
	KEYHOLDER_SERVE_SIGN_DATA = 'D',
	KEYHOLDER_SERVE_SIGN_HASH = 'H'
};

/* Follows the letter of a request to sign; the data comes after it. */
struct keyholder_serve_sign {
	uint32_t algorithm, flags;
};

struct failure;
struct confine;

/* Tells a session why it will not be served.  0, or -1 if the session has left. */
int keyholder_serve_refusal(int fd, const struct failure *why);

/*
 * Serves one channel until the other end closes it or it has had what one handshake needs; with
 * ahead it gives the chain unasked.  Never returns.
 */
void keyholder_serve_one(int fd, const char *pem_path, enum signable_role role,
    const struct confine *user, bool ahead) __attribute__((noreturn));

/*
 * Serves every channel that arrives over control, until the other ends of control and of all
 * channels are closed.  Never returns.
 */
void keyholder_serve_many(int control, const char *pem_path, enum signable_role role,
    const struct confine *user) __attribute__((noreturn));

#endif
