/*
 * argv to one struct.  Short options mean what they meant in stunnel 3, so that an old inetd.conf line works
 * after changing the program's name; what cannot be honoured is refused with what to write instead.
 */

#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "proxyproto.h"

enum { OPT_CHECK = 256, OPT_HANDSHAKE, OPT_CONNECT, OPT_CLOSE, OPT_IDLE, OPT_NO_SANDBOX,
	OPT_NO_KEYHOLDER, OPT_PIN, OPT_KNOWN_HOSTS, OPT_PEER_NAME, OPT_CRL, OPT_SNI,
	OPT_PROXY_IN, OPT_PROXY_OUT, OPT_TICKETS, OPT_SESSION,
	OPT_MAX_CONNECTIONS, OPT_MAX_PER_SOURCE, OPT_IDLE_CHILDREN, OPT_IDLE_EXIT };

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
	{ "no-sandbox", no_argument, NULL, OPT_NO_SANDBOX },
	{ "no-keyholder", no_argument, NULL, OPT_NO_KEYHOLDER },
	{ NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: inetls-wrap [options] -r [host:]port | -r /path/socket | -l program [-- argv0 arg ...]\n"
    "\n"
    "Speaks TLS on fd 0, the socket that inetd accepted, and passes the bytes to a local service.\n"
    "\n"
    "  -r, --connect [host:]port    the service; host defaults to localhost\n"
    "  -r, --connect /path          the service's Unix socket\n"
    "  -l, --program PROGRAM        start a program, as inetd would, instead of -r\n"
    "  -p, --pem FILE               private key and certificate chain (make cert makes one)\n"
    "  -c, --client                 TLS towards -r, plain bytes on fd 0 and 1, or on -d\n"
    "  -A, --ca-file FILE|system    CA certificates that the peer's must be issued by\n"
    "  -a, --ca-dir DIR             the same, in a directory\n"
    "  -v, --verify 0..3            ask and ignore, verify if sent, require, require and pinned\n"
    "      --pin sha256//BASE64     a key that the peer may have; repeatable\n"
    "      --known-hosts FILE       client: where hosts seen are kept\n"
    "      --peer-name NAME         server: a name that a client's certificate may have; repeatable\n"
    "      --crl FILE               revoked certificates\n"
    "      --sni NAME               client: the server's name, where it is not the host of -r\n"
    "  -n, --protocol pgsql         PostgreSQL: answer SSLRequest before the handshake\n"
    "  -d, --accept [host:]port     listen, instead of being started by inetd\n"
    "  -f, --foreground             with -d: stay in the foreground, log to stderr\n"
    "  -P, --pid-file dir/|FILE|none  with -d: dir/inetls.SERVICE.pid, or FILE\n"
    "  -N, --service NAME           name in the log and the pid file\n"
    "  -s, --user USER              become USER (default: inetls, else nobody) when started as root\n"
    "  -g, --group GROUP            and GROUP (default: that user's)\n"
    "  -I, --source ADDRESS         source address towards the service, e.g. 127.0.0.77\n"
    "  -C, --priority STRING        GnuTLS priority string\n"
    "  -D, --log-level LEVEL        [facility.]level, default daemon.notice\n"
    "  -o, --log-file FILE          append to FILE instead of syslog\n"
    "      --tickets FILE           server: key of session tickets, shared by all processes\n"
    "      --session FILE           client: the last session, to resume it\n"
    "      --proxy-in ADDR[,ADDR]   expect a PROXY header from these addresses, and take no others\n"
    "      --proxy-out v1|v2        send one to the service\n"
    "      --handshake-timeout TIME  default 10s; TIME is 500ms, 10s, 5m or off\n"
    "      --connect-timeout TIME   default 10s\n"
    "      --close-timeout TIME     default 60s, after one side has ended\n"
    "      --idle-timeout TIME      default off\n"
    "      --no-sandbox, --no-keyholder  for debugging only\n"
    "      --max-connections N      -d and wait: sessions at once; more are refused\n"
    "      --max-per-source N       the same for one IPv4 address or IPv6 /64\n"
    "      --idle-children N        processes that wait for a connection, default 2\n"
    "      --idle-exit TIME         wait: leave after so long without one, default 60s\n"
    "      --check                  test this configuration, one line for each finding\n"
    "  -V, --version                print versions and how GnuTLS is linked\n"
    "  -h, --help                   print this\n"
    "\n"
    "Manual: inetls-wrap(8), inetls(7).\n";

void
options_print_usage(void)
{
	(void)fputs(usage, stdout);
}

static int
set_backend(struct options *o, const char *text, struct failure *why)
{
	o->backend_text = text;
	if (text[0] == '/') {
		struct address a;

		o->backend_path = text;
		if (address_unix(text, &a) == -1)
			return failure_set(why, EX_USAGE, "-r %s: the path is too long for a Unix socket", text);
		return 0;
	}
	if (address_split(text, &o->backend) == -1)
		return failure_set(why, EX_USAGE,
		    "-r \"%s\": not of the form [host:]port or /path; write e.g. -r localhost:5432 or -r [::1]:5432",
		    text);
	return 0;
}

static int
set_duration(int64_t *ms, const char *option, const char *text, struct failure *why)
{
	if (parse_duration(text, ms) == 0)
		return 0;
	return failure_set(why, EX_USAGE, "%s \"%s\": not a duration; write e.g. 500ms, 10s, 5m or off", option,
	    text);
}

static int
set_protocol(struct options *o, const char *text, struct failure *why)
{
	o->pgsql = strcmp(text, "pgsql") == 0;
	if (o->pgsql)
		return 0;
	return failure_set(why, EX_USAGE, "-n \"%s\": the only protocol is pgsql; for others leave -n out, where "
	    "their clients speak TLS from the first byte", text);
}

static int
set_user(const char **user, char letter, const char *name, struct failure *why)
{
	if (strcmp(name, "root") == 0 || strspn(name, "0") == strlen(name))
		return failure_set(why, EX_USAGE, "-%c \"%s\": root is refused, it would undo the protection; name "
		    "an unprivileged %s", letter, name, letter == 's' ? "user" : "group");
	*user = name;
	return 0;
}

static int
set_level(struct options *o, const char *text, struct failure *why)
{
	if (log_parse_level(text, &o->log.facility, &o->log.level) == 0)
		return 0;
	return failure_set(why, EX_USAGE,
	    "-D \"%s\": not a level; write e.g. info, daemon.notice, or a number from 0 to 7", text);
}

static int
refuse_old(int letter, struct failure *why)
{
	if (letter == 'u')
		return failure_set(why, EX_USAGE, "-u: ident (RFC 1413) proves nothing about a peer and is not "
		    "supported; leave it out, and let the service ask for a password");
	return failure_set(why, EX_USAGE, "-T: transparent source addresses are not supported; leave it out: the "
	    "log line joins peer= and source=, and -I sets one source address");
}

static int
bad_option(char **argv, int opt, int tried, struct failure *why)
{
	const char *given = argv[optind - 1];

	if (opt == ':')
		return failure_set(why, EX_USAGE, "%s: needs an argument; see inetls-wrap -h", given);
	/* A long option with a value that it does not take is reported by its letter, which does exist. */
	if (tried > 0 && tried < 256 && strchr(SHORT_OPTIONS, tried) == NULL)
		return failure_set(why, EX_USAGE, "-%c: there is no such option; see inetls-wrap -h", tried);
	return failure_set(why, EX_USAGE, "%s: there is no such option, or it takes no value; see inetls-wrap -h",
	    given);
}

static int
set_endpoint(struct options *o, const char *text, struct failure *why)
{
	o->listening = true;
	if (address_split(text, &o->listen) == 0)
		return 0;
	return failure_set(why, EX_USAGE, "-d \"%s\": not of the form [host:]port; write e.g. -d 9000 or "
	    "-d 127.0.0.1:9000 or -d [::1]:9000", text);
}

static int
set_source(struct options *o, const char *text, struct failure *why)
{
	struct address a;

	o->source = text;
	if (address_parse_ip(text, &a) == 0)
		return 0;
	return failure_set(why, EX_USAGE, "-I \"%s\": not an IP address; write e.g. -I 127.0.0.77", text);
}

static int
set_verify(struct options *o, const char *text, struct failure *why)
{
	long n;

	if (parse_number(text, 0, 3, &n) == -1)
		return failure_set(why, EX_USAGE, "-v \"%s\": not a level; 0 asks for a certificate and ignores it, 1 "
		    "verifies it if sent, 2 requires it, 3 requires it and its pin", text);
	o->trust.level = (int)n;
	return 0;
}

static int
add_pin(struct trust_config *c, const char *text, struct failure *why)
{
	if (!trust_pin_is_valid(text))
		return failure_set(why, EX_USAGE, "--pin \"%s\": not of the form sha256//BASE64 of 32 bytes; "
		    "`inetls-certgen show --pin FILE` prints it", text);
	if (c->n_pins == TRUST_PINS_MAX)
		return failure_set(why, EX_USAGE, "--pin: more than %d", TRUST_PINS_MAX);
	c->pins[c->n_pins++] = text;
	return 0;
}

static int
add_name(struct trust_config *c, const char *text, struct failure *why)
{
	if (text[0] == '\0' || c->n_names == TRUST_NAMES_MAX)
		return failure_set(why, EX_USAGE, "--peer-name \"%s\": empty, or more than %d", text, TRUST_NAMES_MAX);
	c->names[c->n_names++] = text;
	return 0;
}

static int
set_proxy_in(struct options *o, const char *text, struct failure *why)
{
	o->proxy_in = text;
	if (proxyproto_list_is_valid(text))
		return 0;
	return failure_set(why, EX_USAGE, "--proxy-in \"%s\": not a list of IP addresses; write e.g. --proxy-in "
	    "127.0.0.1,::1", text);
}

static int
set_proxy_out(struct options *o, const char *text, struct failure *why)
{
	o->proxy_out = strcmp(text, "v1") == 0 ? 1 : strcmp(text, "v2") == 0 ? 2 : 0;
	if (o->proxy_out != 0)
		return 0;
	return failure_set(why, EX_USAGE, "--proxy-out \"%s\": write v1 or v2", text);
}

static int
set_number(int *out, const char *option, const char *text, long max, struct failure *why)
{
	long n;

	if (parse_number(text, 1, max, &n) == -1)
		return failure_set(why, EX_USAGE, "%s \"%s\": not a number from 1 to %ld", option, text, max);
	*out = (int)n;
	return 0;
}

static int
set_option(struct options *o, int opt, char *arg, struct failure *why)
{
	switch (opt) {
	case 'd': return set_endpoint(o, arg, why);
	case 'r': return set_backend(o, arg, why);
	case 'n': return set_protocol(o, arg, why);
	case 's': return set_user(&o->user, 's', arg, why);
	case 'g': return set_user(&o->group, 'g', arg, why);
	case 'I': return set_source(o, arg, why);
	case 'D': return set_level(o, arg, why);
	case OPT_HANDSHAKE: return set_duration(&o->handshake_ms, "--handshake-timeout", arg, why);
	case OPT_CONNECT: return set_duration(&o->connect_ms, "--connect-timeout", arg, why);
	case OPT_CLOSE: return set_duration(&o->close_ms, "--close-timeout", arg, why);
	case OPT_IDLE: return set_duration(&o->idle_ms, "--idle-timeout", arg, why);
	case 'v': return set_verify(o, arg, why);
	case OPT_MAX_CONNECTIONS: return set_number(&o->max_connections, "--max-connections", arg, 100000, why);
	case OPT_MAX_PER_SOURCE: return set_number(&o->max_per_source, "--max-per-source", arg, 100000, why);
	case OPT_IDLE_CHILDREN:
		return set_number(&o->idle_children, "--idle-children", arg, OPTIONS_IDLE_CHILDREN_MAX, why);
	case OPT_IDLE_EXIT: return set_duration(&o->idle_exit_ms, "--idle-exit", arg, why);
	case OPT_PROXY_IN: return set_proxy_in(o, arg, why);
	case OPT_PROXY_OUT: return set_proxy_out(o, arg, why);
	case OPT_PIN: return add_pin(&o->trust, arg, why);
	case OPT_PEER_NAME: return add_name(&o->trust, arg, why);
	case 'T':
	case 'u': return refuse_old(opt, why);
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

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/*
 * The service's name without -N: the program's, else the backend as written, every byte that is no letter or
 * digit a dot.
 */
static void
name_service(struct options *o)
{
	o->log.service = o->service;
	if (o->service[0] != '\0')
		return;
	if (o->program != NULL) {
		(void)snprintf(o->service, sizeof(o->service), "%s", base_name(o->program));
		return;
	}
	(void)snprintf(o->service, sizeof(o->service), "%s",
	    o->backend_text != NULL ? o->backend_text : "inetls-wrap");
	if (o->backend_text != NULL)
		for (char *p = o->service; *p != '\0'; p++)
			if (!isalnum((unsigned char)*p))
				*p = '.';
}

/* What of the options about the peer's certificate does not go together. */
static int
check_trust(struct options *o, struct failure *why)
{
	struct trust_config *c = &o->trust;
	bool has_means = c->ca_file != NULL || c->ca_dir != NULL || c->n_pins > 0;

	c->client = o->client;
	c->host = o->sni != NULL ? o->sni : o->backend.host[0] != '\0' ? o->backend.host : "localhost";
	c->port = o->backend.port;
	if (o->client && o->backend_path != NULL && o->sni == NULL)
		return failure_set(why, EX_USAGE, "-c -r %s: a Unix socket has no name that a certificate could be for; add "
		    "--sni NAME", o->backend_path);
	if (o->client && o->proxy_in != NULL)
		return failure_set(why, EX_USAGE, "--proxy-in is for a server; leave it out with -c");
	if (o->client ? o->tickets != NULL : o->session != NULL)
		return failure_set(why, EX_USAGE, "%s", o->client ? "--tickets is for a server; a client takes --session FILE"
		                                                  : "--session is for a client; a server takes --tickets FILE");
	if (o->tickets != NULL && c->level > TRUST_IGNORE)
		return failure_set(why, EX_USAGE, "--tickets with -v %d: a resumed session would not verify the client's "
		    "certificate again; leave one of the two out", c->level);
	if (!o->client && (c->known_hosts != NULL || o->sni != NULL))
		return failure_set(why, EX_USAGE, "--known-hosts and --sni are for a client; add -c, or leave them out");
	if (o->client && c->n_names > 0)
		return failure_set(why, EX_USAGE, "--peer-name is for a server that asks for certificates; a client checks the "
		    "name of -r, or of --sni");
	if (!o->client && c->level == TRUST_UNSET && (has_means || c->n_names > 0 || c->crl != NULL))
		return failure_set(why, EX_USAGE, "-A, -a, --pin, --peer-name and --crl ask for certificates of clients; add -v 2, "
		    "or -v 1 to let those without one in");
	if (!o->client && c->level > TRUST_IGNORE && !has_means)
		return failure_set(why, EX_USAGE, "-v %d: by what? add -A FILE with the CA, or --pin", c->level);
	if (!o->client && c->level == TRUST_PINNED && c->n_pins == 0 && c->ca_file == NULL)
		return failure_set(why, EX_USAGE, "-v 3: add --pin, or the certificates themselves with -A FILE");
	if (c->crl != NULL && c->ca_file == NULL && c->ca_dir == NULL)
		return failure_set(why, EX_USAGE, "--crl %s: revokes what a CA has issued; add -A FILE with the CA", c->crl);
	return 0;
}

/* What goes with -r, or with -l. */
static int
check_sides(struct options *o, struct failure *why)
{
	if (o->backend_text == NULL && o->program == NULL)
		return failure_set(why, EX_USAGE,
		    "-r is missing: say where the service is, e.g. -r localhost:5432; see inetls-wrap -h");
	if (o->pem == NULL && !o->client)
		return failure_set(why, EX_USAGE, "-p is missing: name the PEM file with the private key and the "
		    "certificate; `make cert` or `inetls-certgen FILE.pem NAME` makes one");
	if (check_trust(o, why) == -1)
		return -1;
	if (o->source != NULL && o->backend_path != NULL)
		return failure_set(why, EX_USAGE, "-I %s: a Unix socket (-r %s) has no source address; leave one out",
		    o->source, o->backend_path);
	return 0;
}

/* Where a program is started, its arguments follow, the first of them its argv[0]. */
static int
check_program(struct options *o, int argc, char **argv, struct failure *why)
{
	static char *alone[2];

	if (o->backend_text != NULL)
		return failure_set(why, EX_USAGE, "-l %s and -r %s: one of the two; leave the other out", o->program,
		    o->backend_text);
	if (o->program[0] != '/')
		return failure_set(why, EX_USAGE, "-l %s: write the full path; inetd has no PATH", o->program);
	if (o->client || o->pgsql || o->source != NULL || o->proxy_out != 0)
		return failure_set(why, EX_USAGE, "-l %s: does not go together with -c, -n, -I and --proxy-out", o->program);
	alone[0] = o->service;
	o->program_argv = optind < argc ? argv + optind : alone;
	return check_sides(o, why);
}

static int
check_whole(struct options *o, int argc, char **argv, struct failure *why)
{
	if (o->help || o->version)
		return 0;
	if (o->program != NULL)
		return check_program(o, argc, argv, why);
	if (optind < argc)
		return failure_set(why, EX_USAGE, "\"%s\": there is no argument expected here; see inetls-wrap -h",
		    argv[optind]);
	return check_sides(o, why);
}

/*
 * An old inetd.conf line may lack the program's name, so that inetd hands its first option over as argv[0].
 * Returns an argv that has the name, or NULL where memory is out.
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
		n += (size_t)snprintf(o->mended_line + n, sizeof(o->mended_line) - n, " %s", whole[i]);
	return whole;
}

int
options_parse(int argc, char **argv, struct options *o, struct failure *why)
{
	int opt;

	*o = (struct options){ .handshake_ms = 10000, .connect_ms = 10000, .close_ms = 60000,
		.idle_ms = PARSE_OFF, .idle_exit_ms = 60000, .idle_children = 2, .trust = { .level = TRUST_UNSET }, .log = { .level = LEVEL_NOTICE } };
	o->log.service = "inetls-wrap";
	if (argc < 1)
		return failure_set(why, EX_USAGE, "argv is empty: inetd.conf must name the program and its options");
	if (argv[0][0] == '-' && (argv = restore_name(&argc, argv, o)) == NULL)
		return failure_set(why, EX_OSERR, "out of memory");
	opterr = 0;
	while ((opt = getopt_long(argc, argv, SHORT_OPTIONS, long_options, NULL)) != -1) {
		if (opt == '?' || opt == ':')
			return bad_option(argv, opt, optopt, why);
		if (opt < 256 && strchr(WITHOUT_EFFECT, opt) != NULL)
			note_ineffective(o, opt);
		else if (set_option(o, opt, optarg, why) == -1)
			return -1;
	}
	name_service(o);
	o->log.stderr_wanted = o->foreground;
	return check_whole(o, argc, argv, why);
}
