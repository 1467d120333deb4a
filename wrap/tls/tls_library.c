/* Initialises GnuTLS, once in a process. */

#include "tls/tls.h"

#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

/* GnuTLS must not run before main(): it would print to fd 2, which may be the peer. */
GNUTLS_SKIP_GLOBAL_INIT

void
tls_wash_environment(void)
{
	for (char **e = environ; *e != NULL;)
		if (strncmp(*e, "GNUTLS_", 7) == 0 || strncmp(*e, "SSLKEYLOGFILE=", 14) == 0)
			for (char **p = e; (p[0] = p[1]) != NULL; p++)
				continue;
		else
			e++;
}

int
tls_init(struct failure *why)
{
	int r = gnutls_global_init();

	if (r == GNUTLS_E_SUCCESS)
		return 0;
	return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
}

const char *
tls_library_version(void)
{
	return gnutls_check_version(NULL);
}
