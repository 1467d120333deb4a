/* What -h prints. */

#include "options/options.h"

#include <stdio.h>

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
    "%s"
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
    "      --max-session TIME       the longest that a session may last; default off\n"
    "      --bare-end               server: clients may end without TLS's close_notify\n"
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
	char protocols[1024] = "";
	const struct protocol *p;
	size_t n = 0;

	for (size_t i = 0; (p = protocol_at(i)) != NULL && n < sizeof(protocols); i++)
		n += (size_t)snprintf(protocols + n, sizeof(protocols) - n,
		    "  -n, --protocol %-13s %s\n", p->name, p->help);
	(void)printf(usage, protocols);
}
