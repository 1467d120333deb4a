/* All protocols: each is one row of this table. */

#include "protocol/protocols.h"

#include <string.h>

#include "protocol/line.h"
#include "protocol/line_words.h"
#include "protocol/pgsql.h"
#include "protocol/pgsql_check.h"
#include "protocol/pgsql_end.h"
#include "protocol/pgsql_names.h"
#include "protocol/pgsql_startup.h"

/* What the protocols of lines have in common; their clients often end without close_notify. */
#define LINES(protocol)                                                                     \
	.name = #protocol, .words = &line_##protocol, .ends_bare = true, .says_host = true, \
	.negotiate = line_negotiate, .hear_greeting = line_hear_greeting,                   \
	.tell_unavailable = line_tell_unavailable, .check = line_check,                     \
	.ask_for_tls = line_ask_for_tls, .pass_start = line_pass_greeting,                  \
	.tell_local = line_tell_local

static const struct protocol protocols[] = {
	{
	    .name = "pgsql",
	    .help = "PostgreSQL: answer SSLRequest before the handshake",
	    .alpn = "postgresql",
	    .alpn_missing = "peer did not ask for our protocol by ALPN; stunnel needs protocol = "
			    "pgsql, and inetls-wrap -c needs -n pgsql",
	    /* Some PostgreSQL drivers never send close_notify. */
	    .ends_bare = true,
	    .port = "5432",
	    .absent =
		"; is PostgreSQL running and listening on TCP (listen_addresses = 'localhost', once "
		"`postmaster -i`)? else give its Unix socket: -r /var/run/postgresql/.s.PGSQL.5432",
	    .cancel_in_clear = "a CancelRequest in clear, but -v requires a certificate; "
			       "PQcancelBlocking of libpq 17 cancels inside TLS",
	    .negotiate = pgsql_negotiate,
	    .pass_cancel = pgsql_pass_cancel,
	    .hear = pgsql_hear,
	    .is_cancel = pgsql_is_cancel,
	    .tell_unavailable = pgsql_tell_unavailable,
	    .check = pgsql_check,
	    .negotiate_local = pgsql_negotiate_local,
	    .tell_direct = pgsql_tell_direct,
	    .direct = "local program begins TLS itself (sslnegotiation=direct); it must connect "
		      "with sslmode=disable",
	    .ask_for_tls = pgsql_ask_for_tls,
	    .pass_start = pgsql_pass_startup,
	    .tell_local = pgsql_tell_local,
	},
	{ LINES(smtp), .help = "SMTP: TLS after STARTTLS" },
	{ LINES(pop3), .help = "POP3: TLS after STLS" },
	{ LINES(imap), .help = "IMAP: TLS after STARTTLS" },
	{ LINES(nntp), .help = "NNTP: TLS after STARTTLS" },
};

const struct protocol *
protocols_at(size_t i)
{
	return i < sizeof(protocols) / sizeof(protocols[0]) ? &protocols[i] : NULL;
}

const struct protocol *
protocols_by_name(const char *name)
{
	const struct protocol *p;

	for (size_t i = 0; (p = protocols_at(i)) != NULL; i++)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

const struct protocol *
protocols_by_port(const char *port)
{
	const struct protocol *p;

	for (size_t i = 0; (p = protocols_at(i)) != NULL; i++)
		if (p->port != NULL && strcmp(p->port, port) == 0)
			return p;
	return NULL;
}
