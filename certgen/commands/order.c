/* Options.  One table for all subcommands, so that an option means the same everywhere. */

#include "commands/order.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nameservice.h"
#include "parse.h"
#include "token_url.h"
#include "dialogue/say.h"
#include "commands/spelling.h"
#include "commands/usage.h"
#include "x509/view.h"
#include "x509/key.h"

#define MAKES (ORDER_SELF | ORDER_AUTHORITY | ORDER_SERVER | ORDER_CLIENT | ORDER_CSR)
#define BY_CA (ORDER_SERVER | ORDER_CLIENT | ORDER_SIGN | ORDER_REVOKE | ORDER_CRL | ORDER_RENEW)
#define WRITES (ORDER_SELF | ORDER_SERVER | ORDER_CLIENT | ORDER_CSR | ORDER_SIGN)
#define ALL (MAKES | BY_CA)
#define LOCKS (BY_CA | ORDER_AUTHORITY)

/* For an option that sets a field of the request, the value is that field's number. */
enum {
	OPTION_KEY = REQUEST_FIELDS,
	OPTION_CA,
	OPTION_PASSWORD,
	OPTION_LIBPQ,
	OPTION_P12,
	OPTION_P12_PASSWORD,
	OPTION_PK8,
	OPTION_LEGACY,
	OPTION_FORCE,
	OPTION_ASK,
	OPTION_BATCH,
	OPTION_QUIET,
	OPTION_NEW_KEY,
	OPTION_CLIENT,
	OPTION_BEFORE,
	OPTION_OWNER,
};

static const struct {
	const char *name;
	int argument, value, kinds;
} table[] = {
	{ "org", 1, REQUEST_ORG, MAKES },
	{ "locality", 1, REQUEST_LOCALITY, MAKES },
	{ "state", 1, REQUEST_STATE, MAKES },
	{ "country", 1, REQUEST_COUNTRY, MAKES },
	{ "days", 1, REQUEST_VALID_DAYS, ALL & ~(ORDER_CSR | ORDER_REVOKE) },
	{ "key", 1, OPTION_KEY, MAKES },
	{ "ca", 1, OPTION_CA, BY_CA },
	{ "password-file", 1, OPTION_PASSWORD, LOCKS },
	{ "libpq", 1, OPTION_LIBPQ, ORDER_CLIENT },
	{ "p12", 1, OPTION_P12, ORDER_CLIENT },
	{ "p12-password-file", 1, OPTION_P12_PASSWORD, ORDER_CLIENT },
	{ "pk8", 0, OPTION_PK8, ORDER_CLIENT },
	{ "legacy", 0, OPTION_LEGACY, ORDER_CLIENT },
	{ "client", 0, OPTION_CLIENT, ORDER_SIGN },
	{ "before", 1, OPTION_BEFORE, ORDER_RENEW },
	{ "new-key", 0, OPTION_NEW_KEY, ORDER_RENEW },
	{ "force", 0, OPTION_FORCE, WRITES },
	{ "owner", 1, OPTION_OWNER, ORDER_SELF | ORDER_SERVER },
	{ "ask", 0, OPTION_ASK, ALL },
	{ "batch", 0, OPTION_BATCH, ALL },
	{ "quiet", 0, OPTION_QUIET, ALL },
	{ "help", 0, 'h', ALL },
	{ "version", 0, 'V', ALL },
};
#define SEPARATORS ", \t"
#define TABLE_LEN (sizeof(table) / sizeof(table[0]))

/* Fills in the options that a subcommand accepts, in the form that getopt_long wants. */
static void
choose_options(enum order_kind kind, struct option options[TABLE_LEN + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < TABLE_LEN; i++)
		if ((table[i].kinds & (int)kind) != 0)
			options[count++] = (struct option){ table[i].name,
				table[i].argument ? required_argument : no_argument, NULL,
				table[i].value };
	options[count] = (struct option){ NULL, 0, NULL, 0 };
}

static int
take_field(struct order *order, int field, const char *name)
{
	struct failure why;

	if (request_set(&order->request, (enum request_field)field, optarg, &why) == -1)
		return say_usage("--%s: %s", name, why.text);
	if (field == REQUEST_VALID_DAYS)
		order->days_given = 1;
	return 0;
}

static int
take_owner(struct order *order)
{
	if (nameservice_user(optarg, NULL, &order->owner.st_uid, &order->owner.st_gid) == NULL)
		return say_usage("--owner: there is no user %.64s", optarg);
	if (geteuid() != 0)
		return say_usage("--owner: only root can give a file away");
	order->has_owner = 1;
	return 0;
}

/* A kind of key that is to be made, or the URL of one in a token. */
static int
take_key(struct order *order)
{
	const struct key_kind *kind;
	struct failure why;

	if (token_url_is(optarg)) {
		if (order->request.purpose != REQUEST_SERVER)
			return say_usage("--key: only a server's key can be in a token");
		if (token_url_check_argument(optarg, &why) == -1)
			return say_usage("--key: %s", why.text);
		order->key_url = optarg;
		return 0;
	}
	if ((kind = key_kind_parse(optarg, &why)) == NULL)
		return say_usage("--key: %s", why.text);
	order->request.key = kind;
	return 0;
}

/* Takes an option whose value is a path, a number, a user, or a kind of key. */
static int
take_value(struct order *order, int value)
{
	const char **const paths[] = { [OPTION_CA] = &order->ca,
		[OPTION_PASSWORD] = &order->password_file,
		[OPTION_LIBPQ] = &order->libpq,
		[OPTION_P12] = &order->p12,
		[OPTION_P12_PASSWORD] = &order->p12_password_file };

	if (value == OPTION_KEY) {
		return take_key(order);
	} else if (value == OPTION_OWNER) {
		return take_owner(order);
	} else if (value == OPTION_BEFORE) {
		if (parse_number(optarg, 0, 36500, &order->before) == -1)
			return say_usage(
			    "--before '%.20s' is not a number of days from 0 to 36500", optarg);
	} else {
		if (*optarg == '\0')
			return say_usage("an option's path is empty");
		*paths[value] = optarg;
	}
	return 0;
}

static void
take_flag(struct order *order, int value)
{
	int *const flags[] = { [OPTION_PK8] = &order->pk8,
		[OPTION_LEGACY] = &order->legacy,
		[OPTION_FORCE] = &order->force,
		[OPTION_ASK] = &order->ask,
		[OPTION_BATCH] = &order->batch,
		[OPTION_QUIET] = &order->quiet,
		[OPTION_NEW_KEY] = &order->new_key,
		[OPTION_CLIENT] = &order->for_client };

	*flags[value] = 1;
}

/*
 * Explains a long option that getopt refused: it is another subcommand's, takes no value, or is
 * mistyped.
 */
static int
say_refused(enum order_kind kind, const char *word)
{
	int len = (int)strcspn(word + 2, "=");
	char name[64], owners[128];

	(void)snprintf(name, sizeof(name), "%.*s", len, word + 2);
	for (size_t i = 0; i < TABLE_LEN; i++) {
		if (strcmp(table[i].name, name) != 0)
			continue;
		if ((table[i].kinds & (int)kind) != 0)
			return say_usage("--%s takes no value; see --help", name);
		return say_usage("--%s is not an option of this command, but of %s%s", name,
		    spelling_kinds(table[i].kinds, owners, sizeof(owners)),
		    kind == ORDER_SELF ? ", whose name comes first, before any option" : "");
	}
	for (size_t i = 0; i < TABLE_LEN; i++)
		if ((table[i].kinds & (int)kind) != 0 && spelling_is_near(name, table[i].name))
			return say_usage(
			    "--%s is not an option of this command; did you mean --%s?", name,
			    table[i].name);
	return say_usage("--%s is not an option of this command; see --help", name);
}

static int
take_option(struct order *order, int c, const char *name)
{
	if (c == 'h')
		return COMMAND_HELP;
	if (c == 'V')
		return COMMAND_VERSION;
	if (c < REQUEST_FIELDS)
		return take_field(order, c, name);
	if (optarg != NULL)
		return take_value(order, c);
	take_flag(order, c);
	return 0;
}

/* Refuses a clock that shows 1970, as without a battery: the certificate would be useless. */
static int
check_clock(time_t now)
{
	char date[VIEW_DATE_MAX];

	if (strcmp(view_date(now, date), INETLS_RELEASED) >= 0)
		return 0;
	say("the clock says %s, and this program was released %s: set the clock first", date,
	    INETLS_RELEASED);
	return EX_CONFIG;
}

/*
 * Refuses abbreviations: getopt_long would take --password for --password-file, but each option has
 * one spelling here.
 */
static int
is_spelt_out(char *const argv[], const char *name)
{
	const char *word = argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
	size_t len = strlen(name);

	return strncmp(word, "--", 2) != 0 ||
	    (strncmp(word + 2, name, len) == 0 && (word[2 + len] == '\0' || word[2 + len] == '='));
}

int
order_read(struct order *order, enum order_kind kind, int argc, char *argv[])
{
	struct option options[TABLE_LEN + 1];
	int c, index = 0, r;

	choose_options(kind, options);
	order->before = -1;
	order->now = time(NULL);
	opterr = 0;
	while (optarg = NULL, (c = getopt_long(argc, argv, ":hV", options, &index)) != -1)
		if (c == '?' && strncmp(argv[optind - 1], "--", 2) == 0)
			return say_refused(kind, argv[optind - 1]);
		else if (c == '?' || c == ':')
			return say_bad_option(c, argv);
		else if (!is_spelt_out(argv, options[index].name))
			return say_usage(
			    "--%s must be written in full; see --help", options[index].name);
		else if ((r = take_option(order, c, options[index].name)) != 0)
			return r;
	if (order->ask && order->batch)
		return say_usage("--ask and --batch exclude each other");
	order->words = argv + optind;
	order->word_count = argc - optind;
	return check_clock(order->now);
}

/* At the prompt, commas and blanks separate names; here the shell has already done that. */
static int
say_joined(const char *word)
{
	char apart[256];
	size_t used = 0;

	for (const char *c = word; *c != '\0' && used + 1 < sizeof(apart); c++)
		if (strchr(SEPARATORS, *c) == NULL)
			apart[used++] = *c;
		else if (used > 0 && apart[used - 1] != ' ')
			apart[used++] = ' ';
	apart[used] = '\0';
	return say_usage("'%.250s': separate the names by blanks, not commas: %s", word, apart);
}

int
order_take_names(struct order *order, int first)
{
	struct failure why;

	for (int i = first; i < order->word_count; i++)
		if (strpbrk(order->words[i], SEPARATORS) != NULL)
			return say_joined(order->words[i]);
		else if (request_add_name(&order->request, order->words[i], &why) == -1)
			return say_usage("%s", why.text);
	return 0;
}

int
order_is_file(const char *word)
{
	size_t len = strlen(word);

	return strchr(word, '/') != NULL || (len > 4 && strcmp(word + len - 4, ".pem") == 0);
}

int
order_asks(const struct order *order)
{
	return order->ask || (!order->batch && isatty(STDIN_FILENO) && isatty(STDERR_FILENO));
}

struct ca_secret
order_secret(const struct order *order)
{
	return (struct ca_secret){ order->password_file, order_asks(order) };
}
