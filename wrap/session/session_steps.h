#ifndef INETLS_SESSION_STEPS_H
#define INETLS_SESSION_STEPS_H

/*
 * The steps of a session, for session.c, which puts them in order.  Each returns 0 to go on, or -1
 * when it has finished the session: then result, end and why are set, and no further step is taken.
 */

#include <stdbool.h>
#include <stdint.h>

#include "service/backend.h"
#include "key/keyholder.h"
#include "options/options.h"
#include "protocol/protocol.h"
#include "service/program.h"
#include "session/relay.h"
#include "session/report.h"
#include "confine/confine.h"
#include "tls/ticket.h"
#include "tls/tls.h"
#include "tls/trust.h"

struct session {
	const struct options *o;
	struct backend backend;
	struct program program; /* -l, instead of the backend */
	struct confine sandbox;
	struct keyholder keys;
	int channel;                       /* to a listener's keyholder, or -1 */
	const struct session_start *start; /* of a listener's child, or NULL */
	bool waits;                        /* the connection is still to come */
	bool opened;                       /* or was tried to be */
	bool confined;
	struct tls *tls;
	struct protocol_talk talk; /* before TLS */
	struct relay_result relay;
	struct failure why;
	const char *result;         /* the word of the log line */
	const char *end;            /* who ended first, or NULL */
	bool speaks_tls;            /* the handshake has begun: what the peer gets now is TLS */
	bool established;           /* and is complete */
	size_t first_out, first_in; /* client mode: passed on before the relay began */
	bool truncated;             /* the peer was cut off */
	/* nothing more can come from the peer, so there is nothing to drain */
	bool peer_done;
	struct ticket_session last; /* client mode: of --session */
	struct trust *trust;        /* who the peer must be, or NULL */
	struct address remote;      /* the other end of fd 0, or whom a PROXY header named */
	char local[ADDRESS_TEXT];   /* the same, in words */
	int64_t started, handshake_started, handshake_ms, handshake_deadline;
};

/*
 * Ends the session with the word of the log line and who ended it, or NULL; why is as it was set.
 * -1.
 */
int session_finish(struct session *s, const char *result, const char *end);

/* The same for what is no failure of the local side. */
int session_finish_why(struct session *s, const char *result, const char *end, const char *reason);

/* What its log line would say now. */
struct report session_report(const struct session *s);

/*
 * From now until deadline_watch_end the kernel ends the process, with its log line, when the time
 * of its handshake is over or a signal asks for it, whatever a library is computing
 * (session_watch.c).
 */
void session_watch(const struct session *s);

/* Before it is confined (session_open.c): whatever needs a path or a privilege. */
int session_find_user(struct session *s);
int session_start_keyholder(struct session *s);
int session_open_backend(struct session *s);
int session_start_tls(struct session *s);

/* Once it is confined, of server and client (session_peer.c). */
int session_connect_backend(struct session *s);
int session_shake_hands(struct session *s);
int session_relay(struct session *s);

/* Of a server (session_server.c). */
int session_proxy_header(struct session *s);
int session_negotiate(struct session *s);
int session_announce_peer(struct session *s);

/* Of a client (session_client.c). */
int session_negotiate_local(struct session *s);
int session_ask_for_tls(struct session *s);
int session_remember_host(struct session *s);
int session_send_first(struct session *s);
int session_pass_startup(struct session *s);

/*
 * No step: where it did not come to the relay, the local program is told in its own protocol why
 * there is no service.
 */
void session_tell_local(struct session *s);

#endif
