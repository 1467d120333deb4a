#ifndef INETLS_STRENGTH_H
#define INETLS_STRENGTH_H

/*
 * The weakest key and signature that are accepted, ours or the peer's: 112 bits of security,
 * GnuTLS's MEDIUM, as NIST SP 800-57 requires.
 */

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/x509.h>

#define STRENGTH_RSA_BITS_MIN 2048
#define STRENGTH_RSA_BITS_MAX 8192
#define STRENGTH_PROFILE "%PROFILE_MEDIUM" /* the same for a chain, in a priority string */

/*
 * Whether an RSA key, of GnuTLS's algorithm, is too weak, or so large that it costs too much; false
 * for keys of other kinds.
 */
bool strength_is_weak_rsa(int algorithm, unsigned bits);
bool strength_is_absurd_rsa(int algorithm, unsigned bits);

/*
 * A warning, to print after the file's name, about a certificate of our own chain that clients
 * refuse who verify it: by its signature or, unless it is the leaf, by its key.  (Nobody can use a
 * leaf with a weak key: that is an error.)  False if they accept it.
 */
bool strength_warning(gnutls_x509_crt_t crt, bool is_leaf, char *text, size_t size);

#endif
