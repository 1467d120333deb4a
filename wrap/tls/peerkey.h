#ifndef INETLS_PEERKEY_H
#define INETLS_PEERKEY_H

/*
 * Whether the chain that a peer shows can be computed with in a reasonable time: the TLS library
 * would verify with a key of any size, which takes it minutes, before anybody is asked about it.
 */

#include <stdbool.h>
#include <stddef.h>

#define PEERKEY_RSA_BITS 8192
#define PEERKEY_CHAIN_MAX 16

/*
 * Looks at the body of a Certificate message, of TLS 1.3 (RFC 8446, 4.4.2) or before (RFC 5246,
 * 7.4.2).  NULL where all is reasonable, else why it is not, in words.
 */
const char *peerkey_refuse(const unsigned char *message, size_t n, bool tls13);

#endif
