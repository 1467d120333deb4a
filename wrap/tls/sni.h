#ifndef INETLS_SNI_H
#define INETLS_SNI_H

/* The name that a client asks for (SNI: RFC 6066, 3), where GnuTLS does not accept it. */

#include <stdbool.h>
#include <stddef.h>

#define SNI_MAX 256

/* The first name in the body of a ClientHello, "" where there is none; a NUL in it becomes '?'. */
void sni_asked(const unsigned char *hello, size_t n, char name[SNI_MAX]);

/*
 * Whether GnuTLS takes it from a client, and LibreSSL too: no version of GnuTLS can be told
 * otherwise, its extension being one that may not be overridden.
 */
bool sni_is_accepted(const char *name);

#endif
