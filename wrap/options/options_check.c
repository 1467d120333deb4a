/* Which options may be combined. */

#include "options/options_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/address_kind.h"
#include "options/options_set.h"
#include "options/options_table.h"
#include "token_url.h"

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/*
 * The service's name without -N: the program's, else the backend as written, with a dot for every
 * byte that is not a letter or digit.
 */
int
options_name_service(struct options *o, struct failure *why)
{
	const char *name = o->program != NULL ? base_name(o->program) :
	    o->backend_text != NULL           ? o->backend_text :
						"inetls-wrap";

	o->log.service = o->service;
	/* The name becomes part of the pid file's name. */
	for (char *p = o->service; *p != '\0'; p++)
		if (*p == '/')
			*p = '.';
	if (o->service[0] != '\0')
		return 0;
	if (options_set_service(o, name, why) == -1)
		return failure_set(why, EX_USAGE,
		    "\"%.40s...\": too long to name the service too; name it with -N", name);
	if (o->program == NULL && o->backend_text != NULL)
		for (char *p = o->service; *p != '\0'; p++)
			if (!isalnum((unsigned char)*p))
				*p = '.';
	return 0;
}

/*
 * Completes what trust must know, and refuses combinations of options about the peer's certificate.
 */
static int
check_trust(struct options *o, struct failure *why)
{
	struct trust_config *c = &o->trust;
	bool has_means = c->ca_file != NULL || c->ca_dir != NULL || c->n_pins > 0;

	c->client = o->client;
	c->host = o->sni != NULL       ? o->sni :
	    o->backend.host[0] != '\0' ? o->backend.host :
					 "localhost";
	c->port = o->backend.port;
	if (o->client && o->backend_path != NULL && o->sni == NULL)
		return failure_set(why, EX_USAGE,
		    "-c -r %s: a Unix socket has no name that a certificate could be for; add "
		    "--sni NAME",
		    o->backend_path);
	if (o->tickets != NULL && c->level > TRUST_IGNORE)
		return failure_set(why, EX_USAGE,
		    "--tickets with -v %d: a resumed session would not verify the client's "
		    "certificate again; leave one of the two out",
		    c->level);
	if (!o->client && c->level == TRUST_UNSET &&
	    (has_means || c->n_names > 0 || c->crl != NULL))
		return failure_set(why, EX_USAGE,
		    "-A, -a, --pin, --peer-name and --crl ask clients for certificates; add "
		    "-v 2, or -v 1 to admit clients without one");
	if (!o->client && c->level > TRUST_IGNORE && !has_means)
		return failure_set(why, EX_USAGE,
		    "-v %d: there is nothing to verify by; add -A FILE with the CA, or --pin",
		    c->level);
	if ((!o->client || c->ca_dir != NULL) && c->level == TRUST_PINNED && c->n_pins == 0 &&
	    c->ca_file == NULL)
		return failure_set(
		    why, EX_USAGE, "-v 3: add --pin, or the certificates themselves with -A FILE");
	if (c->crl != NULL && c->ca_file == NULL && c->ca_dir == NULL)
		return failure_set(why, EX_USAGE,
		    "--crl %s: the list can be checked only with its CA; add -A FILE with "
		    "the CA",
		    c->crl);
	return 0;
}

/* Whether a host as written can be this machine alone; a name is looked up for each session. */
static bool
may_be_local(const char *host)
{
	struct address a;

	return address_parse_ip(host, &a) == -1 || address_is_loopback(&a);
}

/* -T: the service's answers must come back to this machine, so it must be reached by loopback. */
static int
check_transparent(const struct options *o, struct failure *why)
{
	bool tries = o->transparent == TRANSPARENT_TRY;

	if (o->transparent == OPAQUE)
		return 0;
	if (o->program != NULL)
		return failure_set(why, EX_USAGE,
		    "-T: a program has no connection that an address belongs to; leave it out: -l "
		    "%s gets TCPREMOTEIP in its environment",
		    o->program);
	if (o->backend_path != NULL)
		return failure_set(why, EX_USAGE,
		    "-T: a Unix socket (-r %s) has no addresses; write -r localhost:PORT",
		    o->backend_path);
	if (!may_be_local(o->backend.host))
		return failure_set(why, EX_USAGE, OPTIONS_NOT_LOCAL, o->backend_text);
	if (o->source != NULL && !tries)
		return failure_set(why, EX_USAGE,
		    "-T and -I %s: these exclude each other; leave one out, or write "
		    "--transparent=try, which uses -I if the peer's address cannot be used",
		    o->source);
	if (o->source == NULL && tries)
		return failure_set(why, EX_USAGE,
		    "--transparent=try: needs an address for the other peers; add e.g. -I "
		    "127.0.0.77");
	if (tries &&
	    (address_is_localhost(&o->source_address) || !address_is_of_host(&o->source_address)))
		return failure_set(why, EX_USAGE,
		    "--transparent=try -I %s: pg_hba.conf often trusts that address; take one that no "
		    "other program has, e.g. -I 127.0.0.77",
		    o->source);
	return 0;
}

/* Refuses an option that is for the other side alone. */
static int
check_side(const struct options *o, struct failure *why)
{
	const struct options_row
	    *row = o->one_sided[o->client ? OPTIONS_OF_SERVER : OPTIONS_OF_CLIENT];

	return row == NULL ? 0 : failure_set(why, EX_USAGE, "%s", row->misplaced);
}

/* What -r and -l have in common. */
static int
check_service(struct options *o, struct failure *why)
{
	if (o->backend_text == NULL && o->program == NULL)
		return failure_set(why, EX_USAGE,
		    "-r is missing: say where the service is, e.g. -r localhost:5432; see inetls-wrap -h");
	if (o->pem != NULL && token_url_is(o->pem) && token_url_check_argument(o->pem, why) == -1)
		return -1;
	if (o->pem == NULL && !o->client)
		return failure_set(why, EX_USAGE,
		    "-p is missing: name the PEM file with the private key and the "
		    "certificate; `make cert` or `inetls-certgen FILE.pem NAME` makes one");
	if (check_side(o, why) == -1 || check_trust(o, why) == -1)
		return -1;
	if (o->source != NULL && o->backend_path != NULL)
		return failure_set(why, EX_USAGE,
		    "-I %s: a Unix socket (-r %s) has no source address; leave one out", o->source,
		    o->backend_path);
	return check_transparent(o, why);
}

/* After -l, the rest of argv is the program's arguments, beginning with its argv[0]. */
static int
check_program(struct options *o, int argc, char **argv, struct failure *why)
{
	static char *alone[2];

	if (o->backend_text != NULL)
		return failure_set(why, EX_USAGE,
		    "-l %s and -r %s: these exclude each other; leave one out", o->program,
		    o->backend_text);
	if (o->program[0] != '/')
		return failure_set(
		    why, EX_USAGE, "-l %s: write the full path; inetd has no PATH", o->program);
	/* A program has a start of its own for each client, and some greet as a service does. */
	if (o->client || (o->protocol != NULL && o->protocol->hear_greeting == NULL) ||
	    o->source != NULL || o->proxy_out != 0)
		return failure_set(why, EX_USAGE,
		    "-l %s: cannot be combined with -c, this protocol of -n, -I or --proxy-out",
		    o->program);
	alone[0] = o->service;
	o->program_argv = optind < argc ? argv + optind : alone;
	return check_service(o, why);
}

int
options_check(struct options *o, int argc, char **argv, struct failure *why)
{
	if (o->help || o->version)
		return 0;
	if (o->program != NULL)
		return check_program(o, argc, argv, why);
	if (optind < argc && strcmp(argv[optind], base_name(argv[0])) == 0)
		return failure_set(why, EX_USAGE,
		    "\"%s\": the program's name stands twice; xinetd's server_args begin with "
		    "the first option",
		    argv[optind]);
	if (optind < argc)
		return failure_set(why, EX_USAGE,
		    "\"%s\": no argument is expected here, and there is no configuration "
		    "file; see inetls-wrap -h, and for stunnel's options COMING FROM STUNNEL "
		    "in inetls-wrap(8)",
		    argv[optind]);
	return check_service(o, why);
}
