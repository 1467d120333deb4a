#ifndef INETLS_STRENGTH_H
#define INETLS_STRENGTH_H

/*
 * How weak a key may be, ours or the peer's: 112 bits of security, GnuTLS's MEDIUM, as NIST SP
 * 800-57 asks for.
 */

#define STRENGTH_RSA_BITS_MIN 2048
#define STRENGTH_PROFILE "%PROFILE_MEDIUM" /* the same in a priority string, for a chain */

#endif
