#ifndef INETLS_OPTIONS_H
#define INETLS_OPTIONS_H

/* The command line as one struct.  In inetd.conf it is the whole configuration. */

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "failure.h"
#include "base/log.h"
#include "protocol/protocol.h"
#include "tls/trust.h"

#define OPTIONS_IDLE_CHILDREN_MAX 256

/* Refused with EX_USAGE, with -r as it was written; a name is looked up later. */
#define OPTIONS_NOT_LOCAL                                                                   \
	"-T -r %s: that service would answer the peer itself, past us; -T is for one that " \
	"is reached by 127.0.0.1 or ::1"

struct options_row;

struct options {
	/* what to do */
	bool help, version, check;
	bool client;    /* -c: TLS towards -r, plain on fd 0 and 1 */
	bool listening; /* -d */
	struct endpoint listen;

	/* the plain side: one of these three */
	const char *program; /* -l */
	char **program_argv; /* ends with NULL */
	struct endpoint backend;
	const char *backend_path;
	const char *backend_text; /* as it was written */
	const char *source;       /* -I, an address without a port, or NULL */
	struct address source_address;
	enum { OPAQUE, TRANSPARENT, TRANSPARENT_TRY } transparent; /* -T; TRY: or -I */

	/* the TLS side */
	const char *pem;
	const char *priority;            /* or NULL */
	const struct protocol *protocol; /* -n, or NULL */
	const char *proxy_in;            /* --proxy-in as proxy_list_settle returned it, or NULL */
	int proxy_out;                   /* version, or 0 */
	struct trust_config trust;
	const char *sni;               /* --sni, or NULL */
	const char *tickets, *session; /* files, or NULL */

	/* the process */
	char service[128];
	const char *user, *group; /* or NULL */
	const char *pid_file;     /* as written, or NULL */
	bool foreground;
	bool no_sandbox, no_keyholder;
	bool bare_end; /* a peer's FIN is a clean end */
	struct log_options log;

	int max_connections, max_per_source; /* 0: no limit */
	int idle_children;
	int64_t idle_exit_ms;
	/* PARSE_OFF (parse.h) for "off" */
	int64_t handshake_timeout_ms, connect_ms, close_ms, idle_ms, max_session_ms;

	/* by options_side: the first option given that is only for that side, or NULL */
	const struct options_row *one_sided[3];

	char ineffective[32];  /* letters of old options that were given but have no effect */
	bool name_was_missing; /* argv[0] was the first option */
	char mended_line[256]; /* if so, what the inetd.conf line should be */
};

/*
 * Reads argv; the strings remain argv's.  0, or -1 and *why with EX_USAGE: what is wrong, why and
 * how to mend it.  Even after -1, o->service and o->log can be used, filled in as far as argv was
 * read.
 */
int options_parse(int argc, char **argv, struct options *o, struct failure *why);

/* Print the usage text and the version line to stdout. */
void options_print_usage(void);

#endif
