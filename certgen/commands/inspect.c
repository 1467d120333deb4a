/* show and check: from the command line to cert, view and health. */

#include "commands/inspect.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "x509/cert.h"
#include "ca/crl.h"
#include "file.h"
#include "commands/health.h"
#include "dialogue/page.h"
#include "parse.h"
#include "dialogue/say.h"
#include "request/text.h"
#include "commands/usage.h"
#include "x509/view.h"

#define WARN_DAYS 30
#define CRIT_DAYS 7
#define DAYS_MAX 36500

static void
print_names(gnutls_x509_crt_t cert)
{
	char name[1024];

	for (unsigned i = 0; view_name(cert, i, name, sizeof(name)); i++) {
		text_print(stdout, name);
		(void)putchar('\n');
	}
}

/* what: 'p' for the pin, 'f' for the fingerprint, 'n' for the names, 0 for everything. */
static void
print_part(gnutls_x509_crt_t cert, int what)
{
	char text[VIEW_FINGERPRINT_MAX];

	if (what == 'p')
		(void)puts(view_pin(cert, text));
	else if (what == 'f')
		(void)puts(view_fingerprint(cert, text));
	else if (what == 'n')
		print_names(cert);
	else
		view_print(stdout, cert, time(NULL));
}

static int
show_crl(const char *pem, size_t len)
{
	gnutls_x509_crl_t crl;

	if (crl_load(pem, len, &crl, NULL) != 1)
		return 0;
	crl_print(stdout, crl);
	gnutls_x509_crl_deinit(crl);
	return 1;
}

static int
show_file(const char *path, int what)
{
	gnutls_x509_crt_t *certs = NULL;
	struct failure why, inside;
	char *pem = NULL;
	size_t len = 0;
	int count;

	if (file_read(path, FILE_PEM_MAX, &pem, &len, &why) == -1)
		return say_failure(&why);
	if (what == 0 && show_crl(pem, len)) {
		file_wipe(pem, len);
		return EX_OK;
	}
	count = cert_load(pem, len, &certs, &inside);
	file_wipe(pem, len);
	if (count == -1) {
		failure_set(&why, inside.code, "%s: %s", path, inside.text);
		return say_failure(&why);
	}
	print_part(certs[0], what);
	cert_free(certs, count);
	return EX_OK;
}

int
inspect_show(int argc, char *argv[])
{
	static const struct option options[] = {
		{ "pin", no_argument, NULL, 'p' },
		{ "fingerprint", no_argument, NULL, 'f' },
		{ "names", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c, what = 0;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		if (c == 'h' || c == 'V')
			return c == 'h' ? COMMAND_HELP : COMMAND_VERSION;
		if (c == '?' || c == ':')
			return say_bad_option(c, argv);
		if (what != 0)
			return say_usage("show: give only one of --pin, --fingerprint and --names");
		what = c;
	}
	if (argc - optind != 1)
		return say_usage("show: one FILE; see --help");
	return show_file(argv[optind], what);
}

struct check {
	struct health_limits limits;
	int quiet;
};

static const enum page_colour colours[] = {
	[HEALTH_OK] = PAGE_GREEN,
	[HEALTH_WARNING] = PAGE_YELLOW,
	[HEALTH_CRITICAL] = PAGE_RED,
	[HEALTH_UNKNOWN] = PAGE_RED,
};

static void
print_health(const struct check *check, const struct health *health)
{
	if (check->quiet && health->state == HEALTH_OK)
		return;
	(void)fputs("CERT ", stdout);
	page_word(stdout, colours[health->state], health_word(health->state));
	(void)fputs(" - ", stdout);
	text_print(stdout, health->text);
	if (health->has_days)
		(void)printf(" | days=%ld;%ld:;%ld:", health->days, check->limits.warn_days,
		    check->limits.crit_days);
	(void)putchar('\n');
}

static int
check_files(const struct check *check, char *files[], size_t count)
{
	struct health *all = calloc(count, sizeof(*all));
	size_t worst = 0;
	enum health_state state;

	if (all == NULL) {
		say("out of memory");
		return HEALTH_UNKNOWN;
	}
	for (size_t i = 0; i < count; i++) {
		health_examine(files[i], &check->limits, &all[i]);
		if (health_worse(all[worst].state, all[i].state) != all[worst].state)
			worst = i;
	}
	/* Monitors show only the first line. */
	state = all[worst].state;
	print_health(check, &all[worst]);
	for (size_t i = 0; i < count; i++)
		if (i != worst)
			print_health(check, &all[i]);
	free(all);
	return (int)state;
}

static int
take_days(struct health_limits *limits, int option)
{
	long *days = option == 'w' ? &limits->warn_days : &limits->crit_days;

	if (parse_number(optarg, 0, DAYS_MAX, days) == 0)
		return 0;
	(void)say_usage("check: --%s '%.20s' is not a number of days from 0 to %d",
	    option == 'w' ? "warn" : "crit", optarg, DAYS_MAX);
	return -1;
}

/* 0, a COMMAND_*, or HEALTH_UNKNOWN: monitors know no other code for a bad command line. */
static int
read_check_options(struct check *check, int argc, char *argv[])
{
	static const struct option options[] = {
		{ "warn", required_argument, NULL, 'w' },
		{ "crit", required_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", options, NULL)) != -1) {
		if (c == 'h' || c == 'V')
			return c == 'h' ? COMMAND_HELP : COMMAND_VERSION;
		if (c == 'q')
			check->quiet = 1;
		else if (c == 'w' || c == 'c') {
			if (take_days(&check->limits, c) == -1)
				return HEALTH_UNKNOWN;
		} else {
			(void)say_bad_option(c, argv);
			return HEALTH_UNKNOWN;
		}
	}
	if (optind == argc) {
		(void)say_usage("check: which FILE? see --help");
		return HEALTH_UNKNOWN;
	}
	return 0;
}

int
inspect_check(int argc, char *argv[])
{
	struct check check = { { WARN_DAYS, CRIT_DAYS, time(NULL) }, 0 };
	int r = read_check_options(&check, argc, argv);

	if (r != 0)
		return r;
	return check_files(&check, argv + optind, (size_t)(argc - optind));
}
