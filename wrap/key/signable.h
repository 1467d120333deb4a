#ifndef INETLS_SIGNABLE_H
#define INETLS_SIGNABLE_H

/*
 * What TLS signs, and nothing else may be signed: one digest of a strong hash, of the right length
 * and without flags; for EdDSA, which takes no digest, the message itself in the shape that TLS
 * gives it.  The session that asks is not trusted.  GnuTLS and nettle check no length: they read as
 * many bytes as the algorithm's hash has, whatever they are told.
 */

#include <stdbool.h>
#include <stddef.h>

/* In whose handshakes a key may be used; --check takes both. */
enum signable_role { SIGNABLE_SERVER = 1, SIGNABLE_CLIENT = 2, SIGNABLE_BOTH = 3 };

/*
 * Whether a handshake of that role signs such data, or such a hash; algorithm and flags are
 * GnuTLS's.
 */
bool signable(enum signable_role role, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n);

#endif
