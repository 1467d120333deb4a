/* --help and --version. */

#include "commands/usage.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "dialogue/say.h"
#include "commands/spelling.h"

static const char options[] =
    "\n"
    "options of ca, server, client, csr and the first form:\n"
    "  --org, --locality, --state, --country TEXT   parts of the certificate's subject; country: two letters\n"
    "  --days N     valid for N days (825; ca: 3650); also of sign, renew, crl\n"
    "  --key KIND   ecdsa-p256 (the default), ecdsa-p384, rsa:2048, rsa:3072, rsa:4096;\n"
    "               or pkcs11:..., the URL of a server's key that is in a token\n"
    "  --force      replace an existing FILE and what is beside it; also of sign, not of ca\n"
    "  --owner USER FILE belongs to USER, who starts inetls-wrap; only for root; of server and the first form\n"
    "of those that need a CA:\n"
    "  --ca DIR     its directory\n"
    "  --password-file FILE   the passphrase of its key; also of ca.  Without it: asked for\n"
    "of client:\n"
    "  --libpq DIR  postgresql.key, postgresql.crt and root.crt in DIR, which may be ~/.postgresql\n"
    "  --p12 FILE   PKCS#12 for Java and Windows; --legacy: for Windows Server 2016 and older\n"
    "  --p12-password-file FILE   its password.  Without it: asked for\n"
    "  --pk8        USER.pk8 and USER.crt for Java\n"
    "of renew:\n"
    "  --before N   only what has fewer than N days left\n"
    "  --new-key    a new key as well: pins change\n"
    "everywhere:\n"
    "  --ask        ask even where stdin and stderr are no terminal\n"
    "  --batch      never ask: options and defaults\n"
    "  --quiet      print only errors and warnings\n"
    "  -h, --help   this text\n"
    "  -V, --version\n"
    "\n"
    "The name of FILE must end in .pem or contain a slash.  Without NAME: the names of this host.\n";

static void
print_synopses(FILE *out, const struct command commands[])
{
	for (const struct command *c = commands; c->name != NULL; c++)
		(void)fprintf(out, "%s inetls-certgen %s%s%s\n           %s\n",
		    c == commands ? "usage:" : "      ", c->name, *c->name == '\0' ? "" : " ",
		    c->synopsis, c->line);
}

int
usage_unknown(const char *word)
{
	const char *meant = spelling_command(word);

	if (meant != NULL && strcmp(meant, word) == 0)
		say("'%s' comes first, before any option: inetls-certgen %s ...", word, word);
	else
		say("'%s' is neither a subcommand nor a file, whose name must end in .pem or "
		    "contain a slash%s%s%s",
		    word, meant == NULL ? "" : "; did you mean inetls-certgen ",
		    meant == NULL ? "" : meant, meant == NULL ? "" : "?");
	return COMMAND_UNKNOWN;
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
		(void)printf("inetls-certgen %s (GnuTLS %s, %s)\n", INETLS_VERSION,
		    gnutls_check_version(NULL), INETLS_LINK);
		return EX_OK;
	case COMMAND_UNKNOWN: print_synopses(stderr, commands); return EX_USAGE;
	default: return answer;
	}
}
