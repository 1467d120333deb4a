/* A TLS session that cannot be set up is freed, whatever its memory held before. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

/* What is allocated next has these bytes. */
static void
dirty_the_heap(void)
{
	for (size_t size = 16; size <= 4096; size += 16) {
		volatile char *bytes = malloc(size);

		assert_non_null(bytes);
		for (size_t i = 0; i < size; i++)
			bytes[i] = 0x5a;
		free((void *)bytes);
	}
}

static void
bad_no_memory_for_the_credentials(void **state)
{
	struct tls_config c = { .sni = "localhost" };
	struct failure why;

	(void)state;
	dirty_the_heap();
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
