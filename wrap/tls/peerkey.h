#ifndef INETLS_PEERKEY_H
#define INETLS_PEERKEY_H

/*
 * Whether the keys in a peer's chain are of reasonable size.  Otherwise the TLS library would
 * verify with a key of any size, which can take minutes, before it asks whether to trust it.
 */

#include <stdbool.h>
#include <stddef.h>

#define PEERKEY_CHAIN_MAX 16

/*
 * Checks the body of a Certificate message, of TLS 1.3 (RFC 8446, 4.4.2) or older (RFC 5246,
 * 7.4.2).  NULL if all is reasonable, else in words why not.
 */
const char *peerkey_refuse(const unsigned char *message, size_t n, bool tls13);

#endif
