#ifndef INETLS_SIGNABLE_H
#define INETLS_SIGNABLE_H

/*
 * What TLS has signed, and nothing else: one digest of a strong hash, in its length and without
 * flags.  For EdDSA, which takes no digest, the message itself, in the shape that TLS gives it. The
 * asker is not trusted, but GnuTLS and nettle do: they read as many bytes of a hash as the
 * algorithm's has, whatever they are told.
 */

#include <stdbool.h>
#include <stddef.h>

/* Whose handshakes a key may be used in; one process for all one-shots serves both. */
enum signable_role { SIGNABLE_SERVER = 1, SIGNABLE_CLIENT = 2, SIGNABLE_BOTH = 3 };

/* Whether data, or a hash, is signed in a handshake, by an algorithm of GnuTLS's numbers. */
bool signable(enum signable_role role, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n);

#endif
