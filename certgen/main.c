/*
 * inetls-certgen: makes and renews the PEM of a TLS server.  This file is the table of its
 * subcommands.
 */

#include <gnutls/gnutls.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "commands/authority.h"
#include "commands/client.h"
#include "commands/inspect.h"
#include "commands/issue.h"
#include "commands/order.h"
#include "commands/renew.h"
#include "commands/revoke.h"
#include "dialogue/say.h"
#include "commands/sign.h"
#include "commands/usage.h"

/*
 * Initialised by hand: otherwise GnuTLS would print before main what GNUTLS_DEBUG_LEVEL asks for.
 */
GNUTLS_SKIP_GLOBAL_INIT

static const struct command commands[] = {
	{ "", issue_self_signed, "[options] FILE [NAME...]",
	    "make a key and its self-signed certificate in FILE; asks on a terminal" },
	{ "ca", authority_create, "[options] DIR [DOMAIN|ADDRESS|RANGE...]",
	    "make a CA in DIR that may sign only for these" },
	{ "server", issue_server, "--ca DIR [options] FILE [NAME...]",
	    "a server's key and certificate, signed by the CA" },
	{ "client", client_issue,
	    "--ca DIR [options] USER [--libpq DIR | --p12 FILE [--legacy] | --pk8]",
	    "a client's key and certificate" },
	{ "csr", sign_ask, "[options] FILE [NAME...]",
	    "a key in FILE, and a request for another CA to sign" },
	{ "sign", sign_request, "--ca DIR [--client] REQUEST",
	    "show a request, and sign it after confirmation" },
	{ "renew", renew_files, "[--before 30] [--new-key] [--ca DIR] FILE...",
	    "the same key and names, new dates; silent when not due" },
	{ "revoke", revoke_one, "--ca DIR SERIAL|FILE",
	    "revoke a certificate, and make a new list" },
	{ "crl", revoke_list, "--ca DIR [--days 90]", "make a new list of revoked certificates" },
	{ "show", inspect_show, "[--pin | --fingerprint | --names] FILE",
	    "show what the certificate in FILE says" },
	{ "check", inspect_check, "[--warn 30] [--crit 7] [--quiet] FILE...",
	    "for a monitor: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN" },
	{ NULL, NULL, NULL, NULL },
};

static int
run(int argc, char *argv[])
{
	for (const struct command *command = commands + 1; argc > 1 && command->name != NULL;
	     command++)
		if (strcmp(argv[1], command->name) == 0)
			return command->run(argc - 1, argv + 1);
	/* Before the options are read; otherwise the message would be about them. */
	if (argc > 1 && argv[1][0] != '-' && argv[1][0] != '\0' && !order_is_file(argv[1]))
		return usage_unknown(argv[1]);
	return commands[0].run(argc, argv);
}

int
main(int argc, char *argv[])
{
	int code;

	say_begin();
	/* Then a limit on file sizes is an error with a message, like a full disk. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)unsetenv("GNUTLS_DEBUG_LEVEL");
	if ((code = gnutls_global_init()) < 0) {
		say("GnuTLS: %s", gnutls_strerror(code));
		return EX_SOFTWARE;
	}
	code = usage_answer(commands, run(argc, argv));
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("inetls-certgen: standard output");
		return code == EX_OK ? EX_IOERR : code;
	}
	return code;
}
