/* The line of a connection has room for every value at its longest. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/address.h"
#include "session/report.h"
#include "tls/trust_peer.h"

static char path[] = "/tmp/inetls-report.XXXXXX";
static char text[1 << 14];
static char longest[512];

/* Fakes wrap/tls/tls.c. */
void
tls_describe(const struct tls *t, struct tls_info *out)
{
	(void)t;
	*out = (struct tls_info){ .version = "1.3", .cipher = "CHACHA20-POLY1305" };
	(void)snprintf(out->group, sizeof(out->group), "X25519-MLKEM768");
	memset(out->alpn, 1, sizeof(out->alpn) - 1);
	memset(out->sni, 1, sizeof(out->sni) - 1);
}

/* Reads the log, which must be one line. */
static void
read_line(void)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	assert_int_equal(fclose(f), 0);
	text[n] = '\0';
	assert_ptr_equal(strchr(text, '\n'), text + n - 1);
	assert_true(n <= 4096); /* one write, even to a pipe */
}

static struct report
fullest(struct protocol_heard *h, struct trust_peer *client)
{
	memset(longest, 1, sizeof(longest) - 1);
	memset(client, 0, sizeof(*client));
	memset(client->subject, 1, sizeof(client->subject) - 1);
	memset(client->fingerprint, 'f', sizeof(client->fingerprint) - 1);
	memset(h, 0, sizeof(*h));
	for (size_t i = 0; i < PROTOCOL_NAMES; i++)
		memset(h->names[i], 1, sizeof(h->names[i]) - 1);
	return (struct report){ .level = LEVEL_NOTICE,
		.result = "handshake",
		.reason = longest,
		.peer = "[2001:db8:1111:2222:3333:4444:5555:6666%interface0]:65535",
		.backend = longest,
		.source = "[2001:db8:1111:2222:3333:4444:5555:6666%interface0]:65535",
		.tls = (const struct tls *)longest,
		.client = client,
		.heard = h,
		.end = "backend",
		.truncated = true,
		.in = UINT64_MAX,
		.out = UINT64_MAX,
		.handshake_ms = INT64_MAX,
		.total_ms = INT64_MAX };
}

static void
each_field_is_there_and_the_end_is_not_cut(void **state)
{
	static const char *const keys[] = { "result=", "peer=", "reason=", "backend=", "source=",
		"tls=", "cipher=", "group=", "resumed=", "alpn=", "sni=", "client=",
		"client_sha256=", "user=", "database=", "application=", "in=", "out=",
		"handshake_ms=", "total_ms=", "end=" };
	struct log_options o = { .service = "pgssl", .path = path, .level = LEVEL_NOTICE };
	struct protocol_heard h;
	struct trust_peer client;
	struct failure why;
	struct report r = fullest(&h, &client);
	const char *at = text;

	(void)state;
	assert_int_equal(log_open(&o, &why), 0);
	report_write(&r);
	read_line();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		at = strstr(at, keys[i]);
		if (at == NULL)
			fail_msg("no %s", keys[i]);
		assert_true(at[-1] == ' ');
	}
	assert_non_null(strstr(at, "end=backend truncated=yes\n"));
	assert_non_null(strstr(text, "user=\\x01"));
}

/* A signal handler writes it, and only before the handshake is complete. */
static void
what_is_known_before_a_handshake_has_room(void **state)
{
	static char service[128];
	struct log_options o = { .service = service, .path = path, .level = LEVEL_NOTICE };
	struct protocol_heard h;
	struct trust_peer client;
	struct failure why;
	struct report r = fullest(&h, &client);

	(void)state;
	memset(service, 's', sizeof(service) - 1);
	assert_int_equal(log_open(&o, &why), 0);
	assert_int_equal(truncate(path, 0), 0);
	r.tls = NULL;
	r.client = NULL;
	r.heard = NULL;
	r.in = r.out = 0;
	r.peer = longest + sizeof(longest) - ADDRESS_TEXT;
	r.reason = "a library was still computing for the handshake after "
		   "--handshake-timeout (9223372036854775807 ms)";
	report_keep(&r, LOG_KEPT_SIGNAL);
	log_say_kept(LOG_KEPT_SIGNAL, INT64_MAX);
	read_line();
	assert_non_null(strstr(text, " total_ms=9223372036854775807 end=backend truncated=yes\n"));
}

static void
no_names_are_shown_as_such(void **state)
{
	struct log_options o = { .service = "pgssl", .path = path, .level = LEVEL_NOTICE };
	struct protocol_heard h = { .names = { "-", "", "a b" } };
	struct trust_peer client;
	struct failure why;
	struct report r = fullest(&h, &client);

	(void)state;
	assert_int_equal(log_open(&o, &why), 0);
	r.heard = &h;
	h = (struct protocol_heard){ .names = { "-", "", "a b" } };
	assert_int_equal(truncate(path, 0), 0);
	report_write(&r);
	read_line();
	assert_non_null(strstr(text, " user=\\x2d database=- application=a\\x20b in="));
	r.heard = NULL;
	r.backend = "-";
	assert_int_equal(truncate(path, 0), 0);
	report_write(&r);
	read_line();
	assert_non_null(strstr(text, " user=- database=- application=- in="));
	assert_non_null(strstr(text, " backend=- source="));
}

static int
make_log(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static int
remove_log(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_is_there_and_the_end_is_not_cut),
		cmocka_unit_test(what_is_known_before_a_handshake_has_room),
		cmocka_unit_test(no_names_are_shown_as_such),
	};

	return cmocka_run_group_tests_name("report", tests, make_log, remove_log);
}
