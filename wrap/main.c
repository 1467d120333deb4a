/* inetls-wrap: TLS in front of a local service, one process for each connection. */

#include <signal.h>
#include <unistd.h>

#include "check/check.h"
#include "listener/listener.h"
#include "base/address.h"
#include "base/log.h"
#include "options/options.h"
#include "session/session.h"

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
	parsed = options_parse(argc, argv, &o, &why);
	if (log_open(&o.log, parsed == 0 ? &why : NULL) == -1 || parsed == -1) {
		log_refusal(why.text);
		_exit(why.code);
	}
	if (o.name_was_missing)
		log_line(LEVEL_NOTICE, "the program's name is missing in inetd.conf; write: %s",
		    o.mended_line);
	if (o.help || o.version || o.check)
		code = check_answer(&o);
	else
		code = serve(&o);
	_exit(code);
}
