/* Finds the name that a client asks for if GnuTLS does not tell it. */

#include "tls/sni.h"

#include <stdint.h>
#include <string.h>

#include <gnutls/gnutls.h>

#define HOST_NAME 0 /* the only type of ServerName */

static int
take(void *context, unsigned id, const unsigned char *data, unsigned n)
{
	char *name = context;
	size_t len;

	/* The list's length, then a type, a length and the name. */
	if (id != 0 || n < 5 || data[2] != HOST_NAME)
		return 0;
	len = (size_t)data[3] << 8 | data[4];
	if (len > n - 5)
		len = n - 5;
	if (len > SNI_MAX - 1)
		len = SNI_MAX - 1;
	for (size_t i = 0; i < len; i++)
		name[i] = data[5 + i] != '\0' ? (char)data[5 + i] : '?';
	name[len] = '\0';
	return 0;
}

void
sni_asked(const unsigned char *hello, size_t n, char name[SNI_MAX])
{
	gnutls_datum_t body = { (unsigned char *)(uintptr_t)hello, (unsigned)n };

	name[0] = '\0';
	(void)gnutls_ext_raw_parse(name, take, &body, GNUTLS_EXT_RAW_FLAG_TLS_CLIENT_HELLO);
}

bool
sni_is_accepted(const char *name)
{
	static const char
	    taken[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	/* A name that is not ASCII is sent in its IDNA form. */
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < 0x80 && strchr(taken, *name) == NULL)
			return false;
	return true;
}
