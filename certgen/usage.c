/* --help and --version. */

#include "usage.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <sysexits.h>

static const char options[] =
    "\n"
    "options of the first form:\n"
    "  --org, --locality, --state, --country TEXT   parts of the certificate's subject; country: two letters\n"
    "  --days N     valid for N days (825)\n"
    "  --key KIND   ecdsa-p256 (the default), ecdsa-p384, rsa:2048, rsa:3072, rsa:4096\n"
    "  --force      replace an existing FILE and its .crt\n"
    "  --ask        ask even where stdin and stderr are no terminal\n"
    "  --batch      never ask: options and defaults\n"
    "everywhere:\n"
    "  --quiet      say nothing but what went wrong\n"
    "  -h, --help   this text\n"
    "  -V, --version\n"
    "\n"
    "FILE ends in .pem or contains a slash.  Without a NAME: what this host is called.\n";

static void
print_synopses(FILE *out, const struct command commands[])
{
	for (const struct command *c = commands; c->name != NULL; c++)
		(void)fprintf(out, "%s inetls-certgen %s%s%s\n           %s\n",
		    c == commands ? "usage:" : "      ", c->name, *c->name == '\0' ? "" : " ", c->synopsis,
		    c->line);
}

int
usage_answer(const struct command commands[], int answer)
{
	switch (answer) {
	case COMMAND_HELP:
		print_synopses(stdout, commands);
		(void)fputs(options, stdout);
		return EX_OK;
	case COMMAND_VERSION:
		(void)printf("inetls-certgen %s (GnuTLS %s, %s)\n", INETLS_VERSION, gnutls_check_version(NULL),
		    INETLS_LINK);
		return EX_OK;
	case COMMAND_UNKNOWN:
		print_synopses(stderr, commands);
		return EX_USAGE;
	default:
		return answer;
	}
}
