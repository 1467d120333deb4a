/* The options, in the order in which -h prints them. */

#include "options/options_table.h"

#include "options/options_set.h"

#define FIELD(member) offsetof(struct options, member)

#define FOR_A_CLIENT "--known-hosts and --sni are for a client; add -c, or leave them out"

static const struct options_row rows[] = {
	{ 'r', "connect", "[host:]port|/path",
	    .help = "the service (host defaults to localhost), or its Unix socket",
	    .set = options_set_backend },
	{ 'l', "program", "PROGRAM", .help = "start a program, as inetd would, instead of -r",
	    .keep = options_keep_text, .field = FIELD(program) },
	{ 'p', "pem", "FILE", .help = "private key and certificate chain (make cert makes one)",
	    .keep = options_keep_text, .field = FIELD(pem) },
	{ 'c', "client", NULL, .help = "TLS towards -r, plain bytes on fd 0 and 1, or on -d",
	    .keep = options_keep_flag, .field = FIELD(client) },
	{ 'A', "ca-file", "FILE|system",
	    .help = "CA certificates that the peer's must be issued by", .keep = options_keep_text,
	    .field = FIELD(trust.ca_file) },
	{ 'a', "ca-dir", "DIR", .help = "the same, in a directory", .keep = options_keep_text,
	    .field = FIELD(trust.ca_dir) },
	{ 'v', "verify", "0..3",
	    .help = "ask and ignore, verify if sent, require, require and pinned",
	    .set = options_set_verify },
	{ '\0', "pin", "sha256//BASE64", .help = "a key that the peer may have; repeatable",
	    .set = options_set_pin },
	{ '\0', "known-hosts", "FILE", .help = "file of the server keys that were seen",
	    .keep = options_keep_text, .field = FIELD(trust.known_hosts), .side = OPTIONS_OF_CLIENT,
	    .misplaced = FOR_A_CLIENT },
	{ '\0', "peer-name", "NAME",
	    .help = "a name that a client's certificate may have; repeatable",
	    .set = options_set_peer_name, .side = OPTIONS_OF_SERVER,
	    .misplaced = "--peer-name is for a server that asks for certificates; a client checks "
			 "the name of -r, or of --sni" },
	{ '\0', "crl", "FILE", .help = "file of revoked certificates", .keep = options_keep_text,
	    .field = FIELD(trust.crl) },
	{ '\0', "sni", "NAME", .help = "the server's name, if it is not the host of -r",
	    .keep = options_keep_text, .field = FIELD(sni), .side = OPTIONS_OF_CLIENT,
	    .misplaced = FOR_A_CLIENT },
	/* The usage lists the names of protocols, with their help. */
	{ 'n', "protocol", "NAME", .set = options_set_protocol },
	{ 'd', "accept", "[host:]port", .help = "listen, instead of being started by inetd",
	    .set = options_set_endpoint },
	{ 'f', "foreground", NULL, .help = "with -d: stay in the foreground, log to stderr",
	    .keep = options_keep_flag, .field = FIELD(foreground) },
	{ 'P', "pid-file", "dir/|FILE|none", .help = "with -d: dir/inetls.SERVICE.pid, or FILE",
	    .keep = options_keep_text, .field = FIELD(pid_file) },
	{ 'N', "service", "NAME", .help = "name in the log and the pid file",
	    .set = options_set_service },
	{ 's', "user", "USER",
	    .help = "become USER (default: inetls, else nobody) when started as root",
	    .keep = options_keep_account, .field = FIELD(user) },
	{ 'g', "group", "GROUP", .help = "and GROUP (default: that user's)",
	    .keep = options_keep_account, .field = FIELD(group) },
	{ 'I', "source", "ADDRESS", .help = "source address towards the service, e.g. 127.0.0.77",
	    .set = options_set_source },
	{ 'T', "transparent", NULL, .optional = "try",
	    .help = "the service sees the peer's address; =try: or that of -I",
	    .set = options_set_transparent, .side = OPTIONS_OF_SERVER,
	    .misplaced = "-T is for a server; with -c the service is on another machine, and sees "
			 "the address of this one" },
	{ 'C', "priority", "STRING", .help = "GnuTLS priority string", .keep = options_keep_text,
	    .field = FIELD(priority) },
	{ 'D', "log-level", "LEVEL", .help = "[facility.]level, default daemon.notice",
	    .set = options_set_level },
	{ 'o', "log-file", "FILE", .help = "append to FILE instead of syslog",
	    .keep = options_keep_text, .field = FIELD(log.path) },
	{ '\0', "tickets", "FILE", .help = "key of session tickets, shared by all processes",
	    .keep = options_keep_text, .field = FIELD(tickets), .side = OPTIONS_OF_SERVER,
	    .misplaced = "--tickets is for a server; a client takes --session FILE" },
	{ '\0', "session", "FILE", .help = "file of the last session, to resume it",
	    .keep = options_keep_text, .field = FIELD(session), .side = OPTIONS_OF_CLIENT,
	    .misplaced = "--session is for a client; a server takes --tickets FILE" },
	{ '\0', "proxy-in", "ADDR[,ADDR]",
	    .help = "expect a PROXY header, and accept only these addresses",
	    .set = options_set_proxy_in, .side = OPTIONS_OF_SERVER,
	    .misplaced = "--proxy-in is for a server; leave it out with -c" },
	{ '\0', "proxy-out", "v1|v2", .help = "send a PROXY header to the service",
	    .set = options_set_proxy_out },
	{ '\0', "handshake-timeout", "TIME", .help = "default 10s; TIME is 500ms, 10s, 5m or off",
	    .keep = options_keep_duration, .field = FIELD(handshake_timeout_ms) },
	{ '\0', "connect-timeout", "TIME", .help = "default 10s", .keep = options_keep_duration,
	    .field = FIELD(connect_ms) },
	{ '\0', "close-timeout", "TIME", .help = "default 60s, after one side has ended",
	    .keep = options_keep_duration, .field = FIELD(close_ms) },
	{ '\0', "idle-timeout", "TIME", .help = "default off", .keep = options_keep_duration,
	    .field = FIELD(idle_ms) },
	{ '\0', "max-session", "TIME", .help = "the longest that a session may last; default off",
	    .keep = options_keep_duration, .field = FIELD(max_session_ms) },
	{ '\0', "bare-end", NULL, .help = "clients may end without TLS's close_notify",
	    .keep = options_keep_flag, .field = FIELD(bare_end), .side = OPTIONS_OF_SERVER,
	    .misplaced = "--bare-end is for a server; with -c an answer that was cut would look "
			 "complete" },
	{ '\0', "no-sandbox", NULL, .help = "for debugging only: the process is not confined",
	    .keep = options_keep_flag, .field = FIELD(no_sandbox) },
	{ '\0', "no-keyholder", NULL,
	    .help = "for debugging only: the process that reads the network holds the key",
	    .keep = options_keep_flag, .field = FIELD(no_keyholder) },
	{ '\0', "max-connections", "N", .help = "-d and wait: sessions at once; more are refused",
	    .keep = options_keep_number, .field = FIELD(max_connections), .max = 100000 },
	{ '\0', "max-per-source", "N", .help = "the same for one IPv4 address or IPv6 /64",
	    .keep = options_keep_number, .field = FIELD(max_per_source), .max = 100000 },
	{ '\0', "idle-children", "N", .help = "processes that wait for a connection, default 2",
	    .keep = options_keep_number, .field = FIELD(idle_children),
	    .max = OPTIONS_IDLE_CHILDREN_MAX },
	{ '\0', "idle-exit", "TIME",
	    .help = "wait: exit after so long without a connection, default 60s",
	    .keep = options_keep_duration, .field = FIELD(idle_exit_ms) },
	{ '\0', "check", NULL, .help = "test this configuration, print a line for each finding",
	    .keep = options_keep_flag, .field = FIELD(check) },
	{ 'V', "version", NULL, .help = "print versions and how GnuTLS is linked",
	    .keep = options_keep_flag, .field = FIELD(version) },
	{ 'h', "help", NULL, .help = "print this", .keep = options_keep_flag,
	    .field = FIELD(help) },

	/* stunnel 3's options: accepted without effect, or refused with what to write instead */
	{ 'R', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'E', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'B', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'W', NULL, NULL, .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'S', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 't', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'O', NULL, "", .keep = options_keep_letter, .field = FIELD(ineffective) },
	{ 'u', NULL, "", .set = options_refuse_ident },
	{ 'L', NULL, "", .set = options_refuse_terminal },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

_Static_assert(ROWS <= OPTIONS_ROWS_MAX, "");

const struct options_row *
options_row(size_t i)
{
	return i < ROWS ? &rows[i] : NULL;
}
