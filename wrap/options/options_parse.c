/*
 * Turns argv into one struct.  Short options mean what they meant in stunnel 3, so that an old
 * inetd.conf line works after changing the program's name.  An option that cannot be honoured is
 * refused, and the message says what to write instead.
 */

#include "options/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options_check.h"
#include "options/options_table.h"
#include "parse.h"

#define LONG 256 /* what getopt_long returns for the long name of the first row */

/* The table in the form that getopt_long wants. */
struct spelling {
	char letters[2 * OPTIONS_ROWS_MAX + 2];
	struct option longs[OPTIONS_ROWS_MAX + 1];
};

static struct spelling
spell(void)
{
	struct spelling s = { .letters = "" };
	const struct options_row *row;
	char *letter = s.letters;
	struct option *option = s.longs;

	*letter++ = ':'; /* then a missing argument is reported as ':', not as '?' */
	for (int i = 0; (row = options_row((size_t)i)) != NULL; i++) {
		bool takes = row->argument != NULL, may = row->optional != NULL;

		if (row->letter != '\0') {
			*letter++ = row->letter;
			if (takes)
				*letter++ = ':';
		}
		if (row->name != NULL)
			*option++ = (struct option){ row->name,
				may       ? optional_argument :
				    takes ? required_argument :
					    no_argument,
				NULL, LONG + i };
	}
	return s;
}

/* The row for what getopt_long has returned. */
static const struct options_row *
find_row(int opt)
{
	const struct options_row *row;

	if (opt >= LONG)
		return options_row((size_t)(opt - LONG));
	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (row->letter == opt)
			break;
	return row;
}

static int
bad_option(char **argv, int opt, struct failure *why)
{
	const char *given = argv[optind - 1];

	if (opt == ':')
		return failure_set(
		    why, EX_USAGE, "%s: needs an argument; see inetls-wrap -h", given);
	/* optopt is an unknown letter, or the long option that was given a value and takes none. */
	if (optopt > 0 && optopt < LONG)
		return failure_set(
		    why, EX_USAGE, "-%c: there is no such option; see inetls-wrap -h", optopt);
	return failure_set(why, EX_USAGE,
	    "%s: there is no such option, or it takes no value; see inetls-wrap -h, and for "
	    "stunnel's options COMING FROM STUNNEL in inetls-wrap(8)",
	    given);
}

static int
set_option(struct options *o, const struct options_row *row, const char *text, struct failure *why)
{
	if (o->one_sided[row->side] == NULL)
		o->one_sided[row->side] = row;
	if (row->set != NULL)
		return row->set(o, text, why);
	return row->keep(row, (char *)o + row->field, text, why);
}

/*
 * An old inetd.conf line may lack the program's name, so that inetd passes the first option as
 * argv[0].  Returns an argv that has the name, or NULL if there is no memory.
 */
static char **
restore_name(int *argc, char **argv, struct options *o)
{
	static char name[] = "inetls-wrap";
	char **whole = calloc((size_t)*argc + 2, sizeof(*whole));
	size_t n;

	if (whole == NULL)
		return NULL;
	whole[0] = name;
	memcpy(whole + 1, argv, (size_t)*argc * sizeof(*argv));
	++*argc;
	o->name_was_missing = true;
	n = (size_t)snprintf(o->mended_line, sizeof(o->mended_line), "PROGRAM %s", name);
	for (int i = 1; i < *argc && n < sizeof(o->mended_line); i++)
		n += (size_t)snprintf(
		    o->mended_line + n, sizeof(o->mended_line) - n, " %s", whole[i]);
	return whole;
}

/* Refuses abbreviations: getopt_long would accept any beginning of a long option. */
static bool
is_abbreviated(char **argv, const struct options_row *row)
{
	const char *word = argv[optind - 1];
	size_t n = strlen(row->name);

	/* The argument may be the next word. */
	if (row->argument != NULL && word == optarg)
		word = argv[optind - 2];
	return strncmp(word, "--", 2) != 0 || strncmp(word + 2, row->name, n) != 0 ||
	    (word[2 + n] != '\0' && word[2 + n] != '=');
}

/*
 * After a mistake, reads the rest only to find the log and the name in it, so that the message
 * comes where it is looked for.
 */
static int
find_log(struct options *o, const struct spelling *s, int argc, char **argv)
{
	const struct options_row *row;
	int opt;

	while ((opt = getopt_long(argc, argv, s->letters, s->longs, NULL)) != -1)
		if (opt != '?' && opt != ':') {
			row = find_row(opt);
			if (row->letter == 'o' || row->letter == 'N')
				(void)set_option(o, row, optarg, NULL);
		}
	if (o->service[0] != '\0')
		(void)options_name_service(o, NULL);
	return -1;
}

static int
parse_words(struct options *o, const struct spelling *s, int argc, char **argv, struct failure *why)
{
	const struct options_row *row;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, s->letters, s->longs, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return bad_option(argv, opt, why);
		row = find_row(opt);
		if (opt >= LONG && is_abbreviated(argv, row))
			return failure_set(
			    why, EX_USAGE, "--%s must be written in full", row->name);
		if (set_option(o, row, optarg, why) == -1)
			return -1;
	}
	return 0;
}

/* A line of which openbsd-inetd has dropped the end seems to lack what stands there. */
static int
suspect_inetd(int words, struct failure *why)
{
	size_t n = strlen(why->text);

	if (words == 20 && log_is_one_socket())
		(void)snprintf(why->text + n, sizeof(why->text) - n,
		    "; openbsd-inetd passes 20 words and no more: inetls(7), step 3");
	return -1;
}

int
options_parse(int argc, char **argv, struct options *o, struct failure *why)
{
	const int words = argc;
	struct spelling s = spell();

	*o = (struct options){ .handshake_timeout_ms = 10000,
		.connect_ms = 10000,
		.close_ms = 60000,
		.idle_ms = PARSE_OFF,
		.max_session_ms = PARSE_OFF,
		.idle_exit_ms = 60000,
		.idle_children = 2,
		.trust = { .level = TRUST_UNSET },
		.log = { .level = LEVEL_NOTICE } };
	o->log.service = "inetls-wrap";
	if (argc < 1)
		return failure_set(why, EX_USAGE,
		    "argv is empty: inetd.conf must name the program and its options");
	if (argv[0][0] == '-' && (argv = restore_name(&argc, argv, o)) == NULL)
		return failure_set(why, EX_OSERR, "out of memory");
	/* A restored argv lives as long as the process.  NOLINTBEGIN(clang-analyzer-unix.Malloc) */
	if (parse_words(o, &s, argc, argv, why) == -1) {
		(void)find_log(o, &s, argc, argv);
		return suspect_inetd(words, why);
	}
	o->log.stderr_wanted = o->foreground;
	return options_name_service(o, why) == -1 || options_check(o, argc, argv, why) == -1 ?
	    suspect_inetd(words, why) :
	    0;
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
}
