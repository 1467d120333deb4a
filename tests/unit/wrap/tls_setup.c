/* A TLS session that cannot be set up is freed, whatever its memory held before. */

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>

#include "tls/tls.h"

/* Instead of GnuTLS's. */
int
gnutls_certificate_allocate_credentials(gnutls_certificate_credentials_t *credentials)
{
	(void)credentials;
	return GNUTLS_E_MEMORY_ERROR;
}

static void
bad_no_memory_for_the_credentials(void **state)
{
	struct tls_config c = { .sni = "localhost" };
	struct failure why;

	(void)state;
	(void)mallopt(M_PERTURB, 0x5a); /* not in a sanitizer's build, which fills memory by itself */
	assert_null(tls_server(&c, 0, 1, &why));
	assert_int_equal(why.code, EX_SOFTWARE);
	assert_non_null(strstr(why.text, "credentials: "));
	assert_null(tls_client(&c, &why));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_no_memory_for_the_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
