#ifndef INETLS_SNI_H
#define INETLS_SNI_H

/*
 * The server name that a client asks for (SNI: RFC 6066, 3), for names that GnuTLS does not accept.
 */

#include <stdbool.h>
#include <stddef.h>

#define SNI_MAX 256

/*
 * Finds the first name in the body of a ClientHello, "" if there is none.  A NUL in it becomes '?'.
 */
void sni_asked(const unsigned char *hello, size_t n, char name[SNI_MAX]);

/*
 * Whether GnuTLS, and LibreSSL too, accept that name from a client.  GnuTLS cannot be made to
 * accept other names: this extension cannot be overridden.
 */
bool sni_is_accepted(const char *name);

#endif
