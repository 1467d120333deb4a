/* A pkcs11: URL taken apart: the PIN stands in no text, and nothing can be read in two ways. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "token_url.h"

static int
read_url(struct token_url *u, const char *url, struct failure *why)
{
	return token_url_read(u, url, strlen(url), why);
}

static void
pin_and_module_are_taken_out_wherever_they_stand(void **state)
{
	static const char *const urls[] = {
		"pkcs11:token=a%20b;object=key?pin-value=12%3634&module-path=/lib/m.so",
		"pkcs11:token=a%20b;pin-value=12%3634;object=key?module-path=/lib/m.so",
		"pkcs11:token=a%20b;object=key;type=private?module-path=%2Flib/m.so&pin-value=12634",
	};
	struct token_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(read_url(&u, urls[i], NULL), 0);
		assert_string_equal(u.text, "pkcs11:token=a%20b;object=key");
		assert_string_equal(u.pin, "12634");
		assert_string_equal(u.module, "/lib/m.so");
	}
}

static void
a_pin_source_is_a_path(void **state)
{
	static const char *const urls[] = { "pkcs11:?pin-source=file:/etc/pin",
		"pkcs11:?pin-source=file:///etc/pin", "pkcs11:?pin-source=/etc/pin",
		"pkcs11:?pin-source=%2Fetc%2Fpin" };
	struct token_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(read_url(&u, urls[i], NULL), 0);
		assert_string_equal(u.pin_source, "/etc/pin");
	}
}

static void
bad_urls_are_refused_and_their_pin_is_not_repeated(void **state)
{
	static const char *const urls[] = {
		"pkcs11:token=a?pin-source=|/bin/secret",
		"pkcs11:token=a?pin-source=secret",
		"pkcs11:token=a?pin-value=secret%00",
		"pkcs11:token=a?pin-value=secret%4",
		"pkcs11:token=a?pinfile=secret",
		"pkcs11:token=a?PIN-VALUE=secret",
		"pkcs11:token=a?pin- value=secret",
		"pkcs11:token=a?pin-value=\tsecret",
		"pkcs11:token=a?pin-value=secret\xc3\xa9",
		"pkcs11:token=a?module-path=m.so",
		"pkcs11:token=a?module-name=secret",
	};
	struct token_url u;
	struct failure why;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		assert_int_equal(read_url(&u, urls[i], &why), -1);
		assert_int_equal(why.code, EX_CONFIG);
		assert_null(strstr(why.text, "secret"));
	}
}

static void
bad_a_pin_on_a_command_line_is_refused(void **state)
{
	struct failure why;

	(void)state;
	assert_int_equal(token_url_check_argument("pkcs11:token=a?pin-source=/p", &why), 0);
	assert_int_equal(token_url_check_argument("pkcs11:token=a;pin-value=secret", &why), -1);
	assert_int_equal(why.code, EX_USAGE);
	assert_null(strstr(why.text, "secret"));
}

static void
bad_a_url_that_is_too_long_is_refused(void **state)
{
	static char url[TOKEN_URL_MAX + 8];
	struct token_url u;

	(void)state;
	memset(url, 'a', sizeof(url) - 1);
	memcpy(url, "pkcs11:", 7);
	assert_int_equal(token_url_read(&u, url, TOKEN_URL_MAX, NULL), -1);
	assert_int_equal(token_url_read(&u, url, TOKEN_URL_MAX - 1, NULL), 0);
	assert_int_equal(strlen(u.text), TOKEN_URL_MAX - 1);
}

static void
a_line_of_a_file_is_found(void **state)
{
	const char *text = "# pkcs11:no\n pkcs11:no\npkcs11:token=a\r\n-----BEGIN", *url;

	(void)state;
	assert_int_equal(token_url_find(text, &url), strlen("pkcs11:token=a"));
	assert_memory_equal(url, "pkcs11:token=a", 14);
	assert_int_equal(token_url_find("# pkcs11:no\nnone", &url), 0);
	assert_int_equal(token_url_find("", &url), 0);
}

static void
values_are_decoded_and_an_object_left_out(void **state)
{
	char value[8], token[TOKEN_URL_MAX];

	(void)state;
	assert_int_equal(token_url_value("pkcs11:a=b;token=x%20y", "token", value, 8), 3);
	assert_string_equal(value, "x y");
	assert_int_equal(token_url_value("pkcs11:token=12345678", "token", value, 8), -1);
	assert_int_equal(token_url_value("pkcs11:tokens=1", "token", value, 8), -1);
	token_url_token("pkcs11:model=m;token=t;id=%01;object=o;type=private", token);
	assert_string_equal(token, "pkcs11:model=m;token=t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pin_and_module_are_taken_out_wherever_they_stand),
		cmocka_unit_test(a_pin_source_is_a_path),
		cmocka_unit_test(bad_urls_are_refused_and_their_pin_is_not_repeated),
		cmocka_unit_test(bad_a_pin_on_a_command_line_is_refused),
		cmocka_unit_test(bad_a_url_that_is_too_long_is_refused),
		cmocka_unit_test(a_line_of_a_file_is_found),
		cmocka_unit_test(values_are_decoded_and_an_object_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
