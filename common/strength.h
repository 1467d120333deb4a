#ifndef INETLS_STRENGTH_H
#define INETLS_STRENGTH_H

/*
 * The weakest key that is accepted, ours or the peer's: 112 bits of security, GnuTLS's MEDIUM, as
 * NIST SP 800-57 requires.
 */

#define STRENGTH_RSA_BITS_MIN 2048
#define STRENGTH_PROFILE "%PROFILE_MEDIUM" /* the same for a chain, in a priority string */

#endif
