/*
 * Initialises GnuTLS, once in a process, and removes before that the variables that it and its
 * libraries read: they would make these print to fd 2, which may be the peer, weaken the session,
 * or write its secrets to a file.
 */

#include "tls/tls.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

/* GnuTLS must not run before main(): it would print to fd 2, which may be the peer. */
GNUTLS_SKIP_GLOBAL_INIT

static bool
is_unwanted(const char *variable)
{
	static const char *const begin[] = { "GNUTLS_", "NETTLE_",
		"P11_KIT_DEBUG=", "SSLKEYLOGFILE=" };

	for (size_t i = 0; i < sizeof begin / sizeof begin[0]; i++)
		if (strncmp(variable, begin[i], strlen(begin[i])) == 0)
			return true;
	return false;
}

/* Works on the array itself: where it runs, the C library may not have set `environ` yet. */
static void
wash_environment(int argc, char **argv, char **env)
{
	(void)argc;
	(void)argv;
	for (char **e = env; *e != NULL;)
		if (is_unwanted(*e))
			for (char **p = e; (p[0] = p[1]) != NULL; p++)
				continue;
		else
			e++;
}

/* Nettle and p11-kit read theirs in constructors, which only this comes before. */
__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(
    int, char **, char **) = wash_environment;

int
tls_init(struct failure *why)
{
	int r;

	wash_environment(0, NULL, environ); /* musl runs nothing of .preinit_array */
	r = gnutls_global_init();
	if (r == GNUTLS_E_SUCCESS)
		return 0;
	return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
}

const char *
tls_library_version(void)
{
	return gnutls_check_version(NULL);
}
