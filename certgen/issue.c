/* Making a certificate: the options, the questions, the key, the file, and what to do next. */

#include "issue.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cert.h"
#include "file.h"
#include "key.h"
#include "pem.h"
#include "prompt.h"
#include "report.h"
#include "request.h"
#include "say.h"
#include "store.h"
#include "usage.h"

struct order {
	struct request request;
	const char *file;
	int ask, batch, force, quiet;
};

/* The options whose value is a field of the request have that field's number. */
enum { OPTION_KEY = REQUEST_FIELDS, OPTION_FORCE, OPTION_ASK, OPTION_BATCH, OPTION_QUIET };

static const struct option options[] = {
	{ "org", required_argument, NULL, REQUEST_ORG },
	{ "locality", required_argument, NULL, REQUEST_LOCALITY },
	{ "state", required_argument, NULL, REQUEST_STATE },
	{ "country", required_argument, NULL, REQUEST_COUNTRY },
	{ "days", required_argument, NULL, REQUEST_VALID_DAYS },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "force", no_argument, NULL, OPTION_FORCE },
	{ "ask", no_argument, NULL, OPTION_ASK },
	{ "batch", no_argument, NULL, OPTION_BATCH },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* 0, an exit code or a COMMAND_*. */
static int
take_value(struct order *order, int c, int index)
{
	struct failure why;
	const struct key_kind *kind;

	if (c < REQUEST_FIELDS) {
		if (request_set(&order->request, (enum request_field)c, optarg, &why) == 0)
			return 0;
		return say_usage("--%s: %s", options[index].name, why.text);
	}
	if ((kind = key_kind_parse(optarg, &why)) == NULL)
		return say_usage("--key: %s", why.text);
	order->request.key = kind;
	return 0;
}

static int
take_option(struct order *order, int c, int index, char *argv[])
{
	switch (c) {
	case 'h':
		return COMMAND_HELP;
	case 'V':
		return COMMAND_VERSION;
	case '?':
	case ':':
		return say_bad_option(c, argv);
	case OPTION_FORCE:
		order->force = 1;
		return 0;
	case OPTION_ASK:
		order->ask = 1;
		return 0;
	case OPTION_BATCH:
		order->batch = 1;
		return 0;
	case OPTION_QUIET:
		order->quiet = 1;
		return 0;
	default:
		return take_value(order, c, index);
	}
}

/* A mistyped subcommand must not become a file that holds a key. */
static int
is_file_name(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') != NULL || (len > 4 && strcmp(word + len - 4, ".pem") == 0);
}

static int
take_words(struct order *order, char *words[])
{
	struct failure why;

	if (words[0] == NULL)
		return say_usage("which file? inetls-certgen FILE.pem [NAME...]; see --help");
	if (!is_file_name(words[0])) {
		say("'%s' is no file, whose name ends in .pem or has a slash, and no subcommand in first place",
		    words[0]);
		return COMMAND_UNKNOWN;
	}
	order->file = words[0];
	for (words++; *words != NULL; words++)
		if (request_add_name(&order->request, *words, &why) == -1)
			return say_usage("%s", why.text);
	return 0;
}

static int
read_command_line(struct order *order, int argc, char *argv[])
{
	int c, index = 0, r;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":hV", options, &index)) != -1)
		if ((r = take_option(order, c, index, argv)) != 0)
			return r;
	if (order->ask && order->batch)
		return say_usage("--ask and --batch exclude each other");
	return take_words(order, argv + optind);
}

static int
ask_questions(struct order *order, struct failure *why)
{
	int terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);

	if (order->batch || (!terminal && !order->ask))
		return 0;
	(void)fprintf(stderr, "A TLS key and its self-signed certificate, for %s\n", order->file);
	if (prompt_request(&order->request, stdin, stderr, why) == -1)
		return -1;
	report_request(&order->request, stderr);
	return prompt_confirm("Write it?", stdin, stderr, why);
}

static void
say_notes(const struct request *request)
{
	if (request->days > REQUEST_DAYS)
		say("note: Apple's programs refuse more than %d days", REQUEST_DAYS);
	for (size_t i = 0; i < request->name_count; i++)
		if (request->names[i].ip_len > 0 || strchr(request->names[i].text, '.') != NULL)
			return;
	say("note: no name has a dot, so clients on other hosts may know this one by another name");
}

static int
make_and_store(const struct order *order, const struct store *store, struct failure *why)
{
	gnutls_x509_privkey_t key = key_make(order->request.key, why);
	gnutls_x509_crt_t cert = NULL;
	char *pem = NULL, *crt = NULL;
	int r = -1;

	if (key == NULL || (cert = cert_make(&order->request, key, time(NULL), why)) == NULL)
		goto out;
	if ((crt = cert_pem(cert, why)) == NULL || (pem = pem_join(key, cert, why)) == NULL)
		goto out;
	if (pem_check(pem, why) == -1 || store_write(store, pem, crt, why) == -1)
		goto out;
	if (!order->quiet)
		report_written(&order->request, store, cert);
	r = 0;
out:
	file_wipe(pem, pem == NULL ? 0 : strlen(pem));
	free(crt);
	gnutls_x509_crt_deinit(cert);
	gnutls_x509_privkey_deinit(key);
	return r;
}

static int
carry_out(struct order *order)
{
	struct store store;
	struct failure why;

	if (store_init(&store, order->file, order->force, &why) == -1 || store_vacant(&store, &why) == -1)
		return say_failure(&why);
	if (order->request.name_count == 0)
		request_add_own_names(&order->request);
	if (ask_questions(order, &why) == -1)
		return say_failure(&why);
	if (!order->quiet)
		say_notes(&order->request);
	return make_and_store(order, &store, &why) == -1 ? say_failure(&why) : EX_OK;
}

int
issue_self_signed(int argc, char *argv[])
{
	struct order *order = calloc(1, sizeof(*order));
	int r;

	if (order == NULL) {
		say("out of memory");
		return EX_OSERR;
	}
	request_init(&order->request);
	if ((r = read_command_line(order, argc, argv)) == 0)
		r = carry_out(order);
	free(order);
	return r;
}
