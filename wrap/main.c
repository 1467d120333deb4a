/* inetls-wrap: TLS in front of a local service, one process for each connection. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"
#include "listener/listener.h"
#include "base/address.h"
#include "base/log.h"
#include "options/options.h"
#include "session/session.h"
#include "tls/tls.h"

/* --help and the like print to stdout, but never if stdout is a peer. */
static int
answer_person(const struct options *o)
{
	struct failure why;
	struct stat st;
	int code = EX_OK;

	if (fstat(STDOUT_FILENO, &st) == -1 || S_ISSOCK(st.st_mode)) {
		log_refusal(
		    "-h, -V and --check are for a terminal; take them out of the super-server's line");
		return EX_USAGE;
	}
	if (o->help)
		options_print_usage();
	else if (o->version)
		check_print_version();
	if (o->check)
		code = check_run(o);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	failure_set(&why, EX_OSERR, "standard output: %s", strerror(errno));
	log_refusal(why.text);
	return code != EX_OK ? code : why.code;
}

static int
serve(const struct options *o)
{
	struct address peer;

	if (o->listening)
		return listener_run(o);
	/* Most processes are one-shots: a socket with a peer does not listen. */
	address_get_peer(STDIN_FILENO, &peer);
	if (peer.sa.ss_family == AF_UNSPEC && listener_is_inherited())
		return listener_run_inherited(o);
	return session_serve(o, &peer);
}

int
main(int argc, char **argv)
{
	struct options o;
	struct failure why;
	int parsed, code;

	if (log_claim_stderr() == -1)
		_exit(EX_OSERR);
	/* Then a limit on the size of files is an error, like a full disk, and ends no session. */
	(void)signal(SIGXFSZ, SIG_IGN);
	tls_wash_environment();
	/* Then a limit on a file's size costs a line of the log, as a full disk does. */
	(void)signal(SIGXFSZ, SIG_IGN);
	parsed = options_parse(argc, argv, &o, &why);
	if (log_open(&o.log, parsed == 0 ? &why : NULL) == -1 || parsed == -1) {
		log_refusal(why.text);
		_exit(why.code);
	}
	if (o.name_was_missing)
		log_line(LEVEL_NOTICE, "the program's name is missing in inetd.conf; write: %s",
		    o.mended_line);
	if (o.help || o.version || o.check)
		code = answer_person(&o);
	else
		code = serve(&o);
	_exit(code);
}
