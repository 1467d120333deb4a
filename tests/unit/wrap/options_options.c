/* The command line: for bad ones the message says what to write, good ones set the right fields. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <getopt.h>

#include "parse.h"
#include "options/options.h"
#include "protocol/protocols.h"

#define WORDS 64

/* The argv with the name restored, and the networks of --proxy-in, live as long as the process. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:restore_name\nleak:proxy_list_settle\n";
}

static char line[4096], *words[WORDS];

/* Splits at blanks; "" is an empty argument. */
static int
split(const char *text)
{
	int n = 0;

	(void)snprintf(line, sizeof(line), "%s", text);
	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
		assert_true(n < WORDS - 1);
		words[n++] = strcmp(word, "\"\"") == 0 ? word + 2 : word;
	}
	words[n] = NULL;
	return n;
}

static int
parse(const char *text, struct options *o, struct failure *why)
{
	optind = 0; /* getopt starts again */
	why->code = 0;
	why->text[0] = '\0';
	return options_parse(split(text), words, o, why);
}

/* Bad command lines, and what the message must contain. */
static void
a_bad_line_says_what_to_write(void **state)
{
	static const char *const bad[][2] = {
		{ "w", "-r is missing" },
		{ "w", "localhost:5432" },
		{ "w -p x", "-r is missing" },
		{ "w -r 1", "make cert" },
		{ "w -r 1", "inetls-certgen" },
		{ "w -p x -r", "-r: needs an argument" },
		{ "w -r 1 -p", "-p: needs an argument" },
		{ "w -p x -r 1 --pem", "--pem: needs an argument" },
		{ "w -p x -r 1 -q", "-q: there is no such option" },
		{ "w -r 1 -p x --tick y", "--tickets must be written in full" },
		{ "w --pri=x -r 1 -p y", "--priority must be written in full" },
		{ "w -p x -r 1 -fq", "-q: there is no such option" },
		{ "w -p x -r 1 -?", "there is no such option" },
		{ "w -p x -r 1 -:", "there is no such option" },
		{ "w -p x -r 1 --quick", "--quick: there is no such option" },
		{ "w -p x -r 1 --version=2",
		    "--version=2: there is no such option, or it takes no value" },
		{ "w -p x -r 1 --help=me",
		    "--help=me: there is no such option, or it takes no value" },
		{ "w -p x -r 1 2", "\"2\": no argument is expected here" },
		{ "w -p x -r 1 --", NULL },
		{ "w -p x -r 1 -- 2", "\"2\": no argument is expected here" },
		{ "w -p x -r \"\"", "not of the form [host:]port or /path" },
		{ "w -p x -r localhost:", "-r localhost:5432 or -r [::1]:5432" },
		{ "w -p x -r ::1", "[::1]:5432" },
		{ "w -p x -r 1 -d \"\"", "-d 9000 or -d 127.0.0.1:9000" },
		{ "w -p x -r 1 -n \"\"", "the protocols are pgsql, smtp" },
		{ "w -p x -r 1 -n ldap", "leave -n out" },
		{ "w -p x -r 1 -s root", "name an unprivileged user" },
		{ "w -p x -r 1 -s \"\"", "root is refused" },
		{ "w -p x -r 1 -g root", "name an unprivileged group" },
		{ "w -p x -r 1 -g 000", "root is refused" },
		{ "w -p x -r 1 -I \"\"", "-I 127.0.0.77" },
		{ "w -p x -r 1 -I [::1]", "not an IP address" },
		{ "w -p x -r /s -I ::1", "has no source address" },
		{ "w -c -r /s", "add --sni NAME" },
		{ "w -c -r 1 --proxy-in 127.0.0.1", "--proxy-in is for a server" },
		{ "w -c -r 1 --peer-name a", "--peer-name is for a server" },
		{ "w -p x -r 1 --sni a", "are for a client; add -c" },
		{ "w -p x -r 1 --known-hosts f", "are for a client; add -c" },
		{ "w -p x -r 1 -A f", "add -v 2" },
		{ "w -p x -r 1 --peer-name a", "add -v 2" },
		{ "w -p x -r 1 --crl f", "add -v 2" },
		{ "w -p x -r 1 -v 2", "-v 2: there is nothing to verify by" },
		{ "w -p x -r 1 -v 3 -a d", "-v 3: add --pin" },
		{ "w -p x -r 1 -v 2 --crl f --pin "
		  "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		    "--crl f: the list can be checked only with its CA" },
		{ "w -p x -l /bin/cat -r 1", "these exclude each other" },
		{ "w -p x -l cat", "write the full path" },
		{ "w -p x -l /bin/cat -n pgsql", "cannot be combined with" },
		{ "w -p x -l /bin/cat -n smtp", NULL },
		{ "w -p x -l /bin/cat -I 127.0.0.1", "cannot be combined with" },
		{ "w -p x -l /bin/cat --proxy-out v2", "cannot be combined with" },
		{ "w -c -l /bin/cat", "cannot be combined with" },
		{ "w -p x -r 1 -D \"\"", "daemon.notice" },
		{ "w -p x -r 1 -D .info", "not a level" },
		{ "w -p x -r 1 -D daemon.", "not a level" },
		{ "w -p x -r 1 -D none", "not a level" },
		{ "w -p x -r 1 -D -1", "not a level" },
		{ "w -p x -r 1 -u x", "leave it out" },
		{ "w -p x -r /run/x -T", "-T: a Unix socket (-r /run/x) has no addresses" },
		{ "w -p x -r 192.0.2.7:1 -T", "would answer the peer itself" },
		{ "w -p x -r 1 -T try", "\"try\": no argument is expected here" },
		{ "w -p x -r 1 --idle-timeout \"\"", "500ms, 10s, 5m or off" },
		{ "w -p x -r 1 --close-timeout 0", "--close-timeout \"0\": not a duration" },
		{ "w -p x -r 1 --connect-timeout 5d", "--connect-timeout \"5d\": not a duration" },
		{ "w -p x -r 1 --handshake-timeout OFF",
		    "--handshake-timeout \"OFF\": not a duration" },
	};
	struct options o;
	struct failure why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int r = parse(bad[i][0], &o, &why);

		if (bad[i][1] == NULL) {
			assert_int_equal(r, 0);
			continue;
		}
		if (r != -1 || why.code != EX_USAGE || strstr(why.text, bad[i][1]) == NULL)
			fail_msg("\"%s\": %d, code %d, not \"%s\" in \"%s\"", bad[i][0], r,
			    why.code, bad[i][1], why.text);
		if (strchr(why.text, '\n') != NULL)
			fail_msg("\"%s\": more than a line", bad[i][0]);
		assert_non_null(o.log.service);
	}
}

static void
a_path_that_no_socket_can_have_is_refused(void **state)
{
	char text[300] = "w -p x -r /";
	struct options o;
	struct failure why;
	size_t n = strlen(text);

	(void)state;
	memset(text + n, 'x', 107 - 1); /* sun_path has 108, one of them the NUL */
	assert_int_equal(parse(text, &o, &why), 0);
	text[n + 106] = 'x';
	assert_int_equal(parse(text, &o, &why), -1);
	assert_non_null(strstr(why.text, "too long"));
}

static void
an_empty_argv_is_refused(void **state)
{
	static char *none[] = { NULL };
	struct options o;
	struct failure why;

	(void)state;
	optind = 0;
	assert_int_equal(options_parse(0, none, &o, &why), -1);
	assert_int_equal(why.code, EX_USAGE);
	assert_non_null(strstr(why.text, "inetd.conf"));
	assert_non_null(o.log.service);
}

static void
what_was_read_before_the_mistake_decides_where_it_is_said(void **state)
{
	struct options o;
	struct failure why;

	(void)state;
	assert_int_equal(parse("w -o /log -N name -D debug -x", &o, &why), -1);
	assert_string_equal(o.log.path, "/log");
	assert_int_equal(o.log.level, LEVEL_DEBUG);
}

static void
defaults_are_the_manual_s(void **state)
{
	struct options o;
	struct failure why;

	(void)state;
	assert_int_equal(parse("w -p x.pem -r 5432", &o, &why), 0);
	assert_string_equal(o.pem, "x.pem");
	assert_string_equal(o.backend.host, "");
	assert_string_equal(o.backend.port, "5432");
	assert_null(o.backend_path);
	assert_string_equal(o.backend_text, "5432");
	assert_string_equal(o.service, "5432");
	assert_string_equal(o.log.service, "5432");
	assert_int_equal(o.log.level, LEVEL_NOTICE);
	assert_int_equal(o.handshake_timeout_ms, 10000);
	assert_int_equal(o.connect_ms, 10000);
	assert_int_equal(o.close_ms, 60000);
	assert_int_equal(o.idle_ms, PARSE_OFF);
	assert_false(o.listening || o.protocol != NULL || o.foreground || o.help || o.version ||
	    o.check || o.name_was_missing);
	assert_null(o.source);
	assert_null(o.priority);
	assert_null(o.user);
	assert_null(o.group);
	assert_null(o.pid_file);
	assert_null(o.log.path);
	assert_string_equal(o.ineffective, "");
}

static void
expect_all(const struct options *o)
{
	assert_true(o->listening && o->protocol == protocols_by_name("pgsql") && o->foreground &&
	    o->log.stderr_wanted);
	assert_string_equal(o->listen.host, "::1");
	assert_string_equal(o->listen.port, "9000");
	assert_string_equal(o->backend.host, "localhost");
	assert_string_equal(o->backend.port, "5432");
	assert_string_equal(o->pem, "x.pem");
	assert_string_equal(o->priority, "NORMAL");
	assert_string_equal(o->service, "pgssl");
	assert_string_equal(o->user, "daemon");
	assert_string_equal(o->group, "games");
	assert_string_equal(o->pid_file, "/tmp/");
	assert_string_equal(o->source, "127.0.0.77");
	assert_string_equal(o->log.path, "/log");
	assert_int_equal(o->log.level, LEVEL_INFO);
	assert_int_equal(o->log.facility, 4 << 3);
	assert_int_equal(o->handshake_timeout_ms, 500);
	assert_int_equal(o->connect_ms, 2000);
	assert_int_equal(o->close_ms, 180000);
	assert_int_equal(o->idle_ms, 4 * 3600000);
}

static void
every_option_has_a_short_and_a_long_form_of_one_meaning(void **state)
{
	struct options o;
	struct failure why;

	(void)state;
	assert_int_equal(
	    parse(
		"w -d [::1]:9000 -r localhost:5432 -p x.pem -n pgsql -C NORMAL -N pgssl -s daemon -g games "
		"-P/tmp/ -I 127.0.0.77 -D auth.info -o /log -f --handshake-timeout 500ms --connect-timeout 2 "
		"--close-timeout 3m --idle-timeout 4h",
		&o, &why),
	    0);
	expect_all(&o);
	assert_int_equal(
	    parse(
		"w --accept=[::1]:9000 --connect localhost:5432 --pem=x.pem --protocol=pgsql --priority=NORMAL "
		"--service=pgssl --user=daemon --group=games --pid-file=/tmp/ --source=127.0.0.77 --log-level=auth.info "
		"--log-file=/log --foreground --handshake-timeout=500ms --connect-timeout=2s --close-timeout=180 "
		"--idle-timeout=240m",
		&o, &why),
	    0);
	expect_all(&o);
	assert_int_equal(parse("w -T -r 1 -p y", &o, &why), 0);
	assert_int_equal(o.transparent, TRANSPARENT);
	assert_int_equal(parse("w -fTr 1 -p y", &o, &why), 0);
	assert_int_equal(o.transparent, TRANSPARENT);
	assert_int_equal(parse("w --transparent -r [::1]:1 -p y", &o, &why), 0);
	assert_int_equal(o.transparent, TRANSPARENT);
	assert_int_equal(parse("w --transparent=try -I 127.0.0.77 -r 1 -p y", &o, &why), 0);
	assert_int_equal(o.transparent, TRANSPARENT_TRY);
	assert_int_equal(parse("w --version", &o, &why), 0);
	assert_true(o.version);
	assert_int_equal(parse("w -V", &o, &why), 0);
	assert_true(o.version);
	assert_int_equal(parse("w -h", &o, &why), 0);
	assert_true(o.help);
	assert_int_equal(parse("w --help", &o, &why), 0);
	assert_true(o.help);
	assert_int_equal(parse("w --check -p x -r 1", &o, &why), 0);
	assert_true(o.check);
}

static void
the_service_is_named_after_the_backend(void **state)
{
	static const char *const names[][2] = { { "w -p x -r localhost:5432", "localhost.5432" },
		{ "w -p x -r 5432", "5432" }, { "w -p x -r [::1]:5432", "...1..5432" },
		{ "w -p x -r /run/x-y.sock", ".run.x.y.sock" },
		{ "w -p x -r 5432 -N my-name", "my-name" }, { "w", "inetls-wrap" } };
	struct options o;
	struct failure why;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)parse(names[i][0], &o, &why);
		assert_string_equal(o.service, names[i][1]);
		assert_string_equal(o.log.service, names[i][1]);
	}
}

static void
old_options_are_taken_and_named(void **state)
{
	struct options o;
	struct failure why;

	(void)state;
	assert_int_equal(
	    parse(
		"w -P/tmp/ -p x -d 9000 -r 5432 -R a -E b -B c -W -S 0 -t 300 -O a:SO_X=1 -S 1 -WW",
		&o, &why),
	    0);
	assert_string_equal(o.ineffective, "REBWStO");
	assert_string_equal(o.pid_file, "/tmp/");
	assert_true(o.listening);
	assert_string_equal(o.listen.host, "");
	assert_string_equal(o.listen.port, "9000");
}

static void
a_missing_program_name_is_put_back(void **state)
{
	struct options o;
	struct failure why;

	(void)state;
	assert_int_equal(parse("-P/tmp/ -p /root/my.pem -r 5432", &o, &why), 0);
	assert_true(o.name_was_missing);
	assert_string_equal(o.mended_line, "PROGRAM inetls-wrap -P/tmp/ -p /root/my.pem -r 5432");
	assert_string_equal(o.pid_file, "/tmp/");
	assert_string_equal(o.pem, "/root/my.pem");
	assert_int_equal(parse("-p x", &o, &why), -1);
	assert_non_null(strstr(why.text, "-r is missing"));
}

static void
a_mended_line_that_is_too_long_is_cut(void **state)
{
	char text[1200] = "-p /";
	struct options o;
	struct failure why;

	(void)state;
	memset(text + strlen(text), 'x', 1000);
	(void)strcat(text, " -r 5432 -f");
	assert_int_equal(parse(text, &o, &why), 0);
	assert_int_equal(strlen(o.mended_line), sizeof(o.mended_line) - 1);
}

static void
a_name_that_is_too_long_is_refused(void **state)
{
	char text[600] = "w -p x -r 1 -N ";
	struct options o;
	struct failure why;

	(void)state;
	memset(text + strlen(text), 'n', sizeof(o.service) - 1);
	assert_int_equal(parse(text, &o, &why), 0);
	assert_int_equal(strlen(o.service), sizeof(o.service) - 1);
	(void)strcat(text, "n");
	assert_int_equal(parse(text, &o, &why), -1);
	assert_non_null(strstr(why.text, "a name has at most 127 bytes"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_line_says_what_to_write),
		cmocka_unit_test(a_path_that_no_socket_can_have_is_refused),
		cmocka_unit_test(an_empty_argv_is_refused),
		cmocka_unit_test(what_was_read_before_the_mistake_decides_where_it_is_said),
		cmocka_unit_test(a_name_that_is_too_long_is_refused),
		cmocka_unit_test(a_mended_line_that_is_too_long_is_cut),
		cmocka_unit_test(defaults_are_the_manual_s),
		cmocka_unit_test(every_option_has_a_short_and_a_long_form_of_one_meaning),
		cmocka_unit_test(the_service_is_named_after_the_backend),
		cmocka_unit_test(old_options_are_taken_and_named),
		cmocka_unit_test(a_missing_program_name_is_put_back),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
