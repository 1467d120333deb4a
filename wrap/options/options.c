/*
 * argv to one struct.  Short options mean what they meant in stunnel 3, so that an old inetd.conf
 * line works after changing the program's name; what cannot be honoured is refused with what to
 * write instead.
 */

#include "options/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/options_check.h"
#include "options/options_set.h"
#include "parse.h"

enum {
	OPT_CHECK = 256,
	OPT_HANDSHAKE,
	OPT_CONNECT,
	OPT_CLOSE,
	OPT_IDLE,
	OPT_MAX_SESSION,
	OPT_BARE_END,
	OPT_NO_SANDBOX,
	OPT_NO_KEYHOLDER,
	OPT_PIN,
	OPT_KNOWN_HOSTS,
	OPT_PEER_NAME,
	OPT_CRL,
	OPT_SNI,
	OPT_PROXY_IN,
	OPT_PROXY_OUT,
	OPT_TICKETS,
	OPT_SESSION,
	OPT_MAX_CONNECTIONS,
	OPT_MAX_PER_SOURCE,
	OPT_IDLE_CHILDREN,
	OPT_IDLE_EXIT
};

#define SHORT_OPTIONS ":cd:r:l:p:A:a:v:n:C:N:s:g:P:I:D:o:fVhR:E:B:WS:t:O:Tu:"
#define WITHOUT_EFFECT "REBWStO"

static const struct option long_options[] = {
	{ "program", required_argument, NULL, 'l' },
	{ "max-connections", required_argument, NULL, OPT_MAX_CONNECTIONS },
	{ "max-per-source", required_argument, NULL, OPT_MAX_PER_SOURCE },
	{ "idle-children", required_argument, NULL, OPT_IDLE_CHILDREN },
	{ "idle-exit", required_argument, NULL, OPT_IDLE_EXIT },
	{ "tickets", required_argument, NULL, OPT_TICKETS },
	{ "session", required_argument, NULL, OPT_SESSION },
	{ "proxy-in", required_argument, NULL, OPT_PROXY_IN },
	{ "proxy-out", required_argument, NULL, OPT_PROXY_OUT },
	{ "client", no_argument, NULL, 'c' },
	{ "ca-file", required_argument, NULL, 'A' },
	{ "ca-dir", required_argument, NULL, 'a' },
	{ "verify", required_argument, NULL, 'v' },
	{ "pin", required_argument, NULL, OPT_PIN },
	{ "known-hosts", required_argument, NULL, OPT_KNOWN_HOSTS },
	{ "peer-name", required_argument, NULL, OPT_PEER_NAME },
	{ "crl", required_argument, NULL, OPT_CRL },
	{ "sni", required_argument, NULL, OPT_SNI },
	{ "accept", required_argument, NULL, 'd' },
	{ "connect", required_argument, NULL, 'r' },
	{ "pem", required_argument, NULL, 'p' },
	{ "protocol", required_argument, NULL, 'n' },
	{ "priority", required_argument, NULL, 'C' },
	{ "service", required_argument, NULL, 'N' },
	{ "user", required_argument, NULL, 's' },
	{ "group", required_argument, NULL, 'g' },
	{ "pid-file", required_argument, NULL, 'P' },
	{ "source", required_argument, NULL, 'I' },
	{ "log-level", required_argument, NULL, 'D' },
	{ "log-file", required_argument, NULL, 'o' },
	{ "foreground", no_argument, NULL, 'f' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "handshake-timeout", required_argument, NULL, OPT_HANDSHAKE },
	{ "connect-timeout", required_argument, NULL, OPT_CONNECT },
	{ "close-timeout", required_argument, NULL, OPT_CLOSE },
	{ "idle-timeout", required_argument, NULL, OPT_IDLE },
	{ "max-session", required_argument, NULL, OPT_MAX_SESSION },
	{ "bare-end", no_argument, NULL, OPT_BARE_END },
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "no-keyholder", no_argument, NULL, OPT_NO_KEYHOLDER },
	{ NULL, 0, NULL, 0 },
};

static int
bad_option(char **argv, int opt, int tried, struct failure *why)
{
	const char *given = argv[optind - 1];

	if (opt == ':')
		return failure_set(
		    why, EX_USAGE, "%s: needs an argument; see inetls-wrap -h", given);
	/*
	 * A long option with a value that it does not take is reported by its letter, which does
	 * exist.
	 */
	if (tried > 0 && tried < 256 && strchr(SHORT_OPTIONS, tried) == NULL)
		return failure_set(
		    why, EX_USAGE, "-%c: there is no such option; see inetls-wrap -h", tried);
	return failure_set(why, EX_USAGE,
	    "%s: there is no such option, or it takes no value; see inetls-wrap -h", given);
}

static int
set_time(struct options *o, int opt, char *arg, struct failure *why)
{
	switch (opt) {
	case OPT_HANDSHAKE:
		return options_set_duration(&o->handshake_ms, "--handshake-timeout", arg, why);
	case OPT_CONNECT:
		return options_set_duration(&o->connect_ms, "--connect-timeout", arg, why);
	case OPT_CLOSE: return options_set_duration(&o->close_ms, "--close-timeout", arg, why);
	case OPT_IDLE: return options_set_duration(&o->idle_ms, "--idle-timeout", arg, why);
	case OPT_MAX_SESSION:
		return options_set_duration(&o->max_session_ms, "--max-session", arg, why);
	default: return options_set_duration(&o->idle_exit_ms, "--idle-exit", arg, why);
	}
}

static int
set_option(struct options *o, int opt, char *arg, struct failure *why)
{
	switch (opt) {
	case 'd': return options_set_endpoint(o, arg, why);
	case 'r': return options_set_backend(o, arg, why);
	case 'n': return options_set_protocol(o, arg, why);
	case 's': return options_set_user(&o->user, 's', arg, why);
	case 'g': return options_set_user(&o->group, 'g', arg, why);
	case 'I': return options_set_source(o, arg, why);
	case 'D': return options_set_level(o, arg, why);
	case OPT_HANDSHAKE:
	case OPT_CONNECT:
	case OPT_CLOSE:
	case OPT_IDLE:
	case OPT_MAX_SESSION:
	case OPT_IDLE_EXIT: return set_time(o, opt, arg, why);
	case 'v': return options_set_verify(o, arg, why);
	case OPT_MAX_CONNECTIONS:
		return options_set_number(
		    &o->max_connections, "--max-connections", arg, 100000, why);
	case OPT_MAX_PER_SOURCE:
		return options_set_number(&o->max_per_source, "--max-per-source", arg, 100000, why);
	case OPT_IDLE_CHILDREN:
		return options_set_number(
		    &o->idle_children, "--idle-children", arg, OPTIONS_IDLE_CHILDREN_MAX, why);
	case OPT_PROXY_IN: return options_set_proxy_in(o, arg, why);
	case OPT_PROXY_OUT: return options_set_proxy_out(o, arg, why);
	case OPT_PIN: return options_add_pin(&o->trust, arg, why);
	case OPT_PEER_NAME: return options_add_name(&o->trust, arg, why);
	case 'T':
	case 'u': return options_refuse_old(opt, why);
	case OPT_TICKETS: o->tickets = arg; break;
	case OPT_SESSION: o->session = arg; break;
	case 'l': o->program = arg; break;
	case 'c': o->client = true; break;
	case 'A': o->trust.ca_file = arg; break;
	case 'a': o->trust.ca_dir = arg; break;
	case OPT_CRL: o->trust.crl = arg; break;
	case OPT_KNOWN_HOSTS: o->trust.known_hosts = arg; break;
	case OPT_SNI: o->sni = arg; break;
	case 'p': o->pem = arg; break;
	case 'C': o->priority = arg; break;
	case 'N': (void)snprintf(o->service, sizeof(o->service), "%s", arg); break;
	case 'P': o->pid_file = arg; break;
	case 'o': o->log.path = arg; break;
	case 'f': o->foreground = true; break;
	case 'V': o->version = true; break;
	case 'h': o->help = true; break;
	case OPT_CHECK: o->check = true; break;
	case OPT_BARE_END: o->bare_end = true; break;
	case OPT_NO_SANDBOX: o->no_sandbox = true; break;
	case OPT_NO_KEYHOLDER: o->no_keyholder = true; break;
	}
	return 0;
}

static void
note_ineffective(struct options *o, int opt)
{
	size_t n = strlen(o->ineffective);

	if (n + 1 < sizeof(o->ineffective) && strchr(o->ineffective, opt) == NULL)
		o->ineffective[n] = (char)opt;
}

/*
 * An old inetd.conf line may lack the program's name, so that inetd hands its first option over as
 * argv[0]. Returns an argv that has the name, or NULL where memory is out.
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

/* Each long option has one spelling: getopt_long would take any beginning of it. */
static bool
is_abbreviated(char **argv, const struct option *option)
{
	const char *word = argv[optind - 1];
	size_t n = strlen(option->name);

	/* The argument may be a word of its own behind it. */
	if (option->has_arg == required_argument && word == optarg)
		word = argv[optind - 2];
	return strncmp(word, "--", 2) != 0 || strncmp(word + 2, option->name, n) != 0 ||
	    (word[2 + n] != '\0' && word[2 + n] != '=');
}

/*
 * After a mistake the rest is read for one thing alone: the log must hear of it, wherever in the
 * line it is named.
 */
static int
find_log(struct options *o, int argc, char **argv)
{
	int opt;

	while ((opt = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1)
		if (opt == 'o')
			o->log.path = optarg;
	return -1;
}

static int
parse_words(struct options *o, int argc, char **argv, struct failure *why)
{
	int opt, index = -1;

	opterr = 0;
	for (; (opt = getopt_long(argc, argv, SHORT_OPTIONS, long_options, &index)) != -1;
	     index = -1) {
		if (opt == '?' || opt == ':')
			return bad_option(argv, opt, optopt, why);
		if (index != -1 && is_abbreviated(argv, &long_options[index]))
			return failure_set(
			    why, EX_USAGE, "--%s must be written out", long_options[index].name);
		if (opt < 256 && strchr(WITHOUT_EFFECT, opt) != NULL)
			note_ineffective(o, opt);
		else if (set_option(o, opt, optarg, why) == -1)
			return -1;
	}
	return 0;
}

int
options_parse(int argc, char **argv, struct options *o, struct failure *why)
{
	*o = (struct options){ .handshake_ms = 10000,
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
	/* A restored argv is as old as the process.  NOLINTBEGIN(clang-analyzer-unix.Malloc) */
	if (parse_words(o, argc, argv, why) == -1)
		return find_log(o, argc, argv);
	/* NOLINTEND(clang-analyzer-unix.Malloc) */
	options_name_service(o);
	o->log.stderr_wanted = o->foreground;
	return options_check(o, argc, argv, why);
}
