#ifndef INETLS_KEYHOLDER_SERVE_H
#define INETLS_KEYHOLDER_SERVE_H

/*
 * The keyholder's own side: what runs after the fork, and how it is spoken to.  A message is one
 * packet: a request is a letter with its arguments, an answer a zero byte with what was asked for,
 * or an exit code with a sentence.  Who has one for many hands a channel over with one byte on the
 * control socket.
 */

#include <stdint.h>

#include "key/signable.h"

enum {
	KEYHOLDER_SERVE_CHAIN = 'C',
	KEYHOLDER_SERVE_SIGN_DATA = 'D',
	KEYHOLDER_SERVE_SIGN_HASH = 'H'
};

/* What follows the letter of a request to sign, before the data. */
struct keyholder_serve_sign {
	uint32_t algorithm, flags;
};

struct failure;
struct confine;

/* Tells a session why it will not be served.  0, or -1 where it has left. */
int keyholder_serve_refusal(int fd, const struct failure *why);

/* Serves one channel, in a process of its own, until it ends or had what one handshake needs. */
void keyholder_serve_one(int fd, const char *pem_path, enum signable_role role,
    const struct confine *user) __attribute__((noreturn));

/*
 * Serves every channel that is handed over, until the other end of control and all of them have
 * left.
 */
void keyholder_serve_many(int control, const char *pem_path, enum signable_role role,
    const struct confine *user) __attribute__((noreturn));

#endif
