#ifndef INETLS_SESSION_STEPS_H
#define INETLS_SESSION_STEPS_H

/*
 * The steps of a session; session.c puts them in order.  Each returns 0 to go on, or -1 if it has
 * ended the session: then result, end and why are set, and no further step runs.
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
	struct program program; /* for -l, instead of the backend */
	struct confine confine;
	struct keyholder keys;
	const struct session_start *start; /* of a listener's child, or NULL */
	bool waits;                        /* it still waits for its connection */
	bool opened;                       /* the opening steps were done, or failed */
	bool confined;
	struct tls *tls;
	struct protocol_talk talk; /* before TLS */
	struct relay_result relay;
	struct failure why;
	const char *result;         /* result= of the log line */
	const char *end;            /* which side ended first, or NULL */
	bool speaks_tls;            /* the handshake has begun: from now on the peer gets TLS */
	bool established;           /* the handshake is complete */
	size_t first_out, first_in; /* client mode: bytes passed on before the relay began */
	bool truncated;             /* the peer was cut off */
	/* nothing more can come from the peer, so there is nothing to drain */
	bool peer_done;
	struct ticket_session last; /* client mode: of --session */
	struct trust *trust;        /* decides whether to trust the peer, or NULL */
	struct address remote;      /* the other end of fd 0, or the address in a PROXY header */
	char local[ADDRESS_TEXT];   /* the same as text */
	int64_t started, handshake_started, handshake_ms, handshake_deadline;
};

/*
 * Ends the session: result= of the log line, and which side ended first, or NULL; why stays as it
 * was set.  Returns -1.
 */
int session_finish(struct session *s, const char *result, const char *end);

/* The same for an end that is not a failure of the local side. */
int session_finish_why(struct session *s, const char *result, const char *end, const char *reason);

/* What the log line would say now. */
struct report session_report(const struct session *s);

/*
 * From now until deadline_watch_end the kernel ends the process, with its log line, when the time
 * for the handshake is over or a signal asks for it, even while a library is computing
 * (session_watch.c).
 */
void session_watch(const struct session *s);

/* Before the process is confined (session_open.c): everything that needs a path or a privilege. */
int session_find_user(struct session *s);
int session_start_keyholder(struct session *s);
int session_open_backend(struct session *s);
int session_start_tls(struct session *s);

/* Once it is confined, for server and client (session_peer.c). */
int session_connect_backend(struct session *s);
int session_shake_hands(struct session *s);
int session_relay(struct session *s);

/* For a server (session_server.c). */
int session_proxy_header(struct session *s);
int session_take_address(struct session *s);
int session_negotiate(struct session *s);
int session_announce_peer(struct session *s);
int session_hear_greeting(struct session *s);

/* For a client (session_client.c). */
int session_negotiate_local(struct session *s);
int session_ask_for_tls(struct session *s);
int session_remember_host(struct session *s);
int session_send_first(struct session *s);
int session_pass_startup(struct session *s);

/*
 * Not a step: if the session ended before the relay, tells the local program why, in its own
 * protocol.
 */
void session_tell_local(struct session *s);

#endif
