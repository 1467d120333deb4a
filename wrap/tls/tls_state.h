#ifndef INETLS_TLS_STATE_H
#define INETLS_TLS_STATE_H

/*
 * A TLS session from the inside, for the files that together keep the contract of tls.h: tls.c and
 * those whose names begin with tls_.  Nobody else includes this.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <gnutls/gnutls.h>

#include "tls/sni.h"
#include "tls/tls_key.h"
#include "tls/transport.h"

/* A TLS library sends one or two; without a limit a peer could go on for ever, past every timeout.
 */
#define TLS_WARNINGS_MAX 8

struct failure;
struct ticket_session;
struct trust;

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t credentials;
	struct tls_key key;
	struct trust *trust; /* or NULL */
	struct transport transport;
	const char *refused; /* why the peer's chain was, before it was computed with, or NULL */
	bool is_server;
	bool alpn_required;
	const char *alpn_missing;
	const struct ticket_session *last; /* that it may resume, or NULL */
	bool key_shown;                    /* our certificate went to the peer */
	bool established;                  /* the handshake is complete */
	bool closed;                       /* close_notify was said */
	bool bare_end;                     /* as tls_config says */
	bool owes_tickets;                 /* they go with what is said next */
	bool canceled; /* by the peer: GnuTLS lets nothing through any more, either way */
	bool stuck;    /* GnuTLS has a part of a record that could not be pushed */
	bool renegotiates, declined; /* the peer's new ClientHello is coming; one was taken away */
	bool owes_refusal;           /* of a renegotiation */
	int warnings;                /* that the peer sent since its last byte of data */
	int error;                   /* of GnuTLS, of the last call that failed */
	char asked[SNI_MAX];         /* by the client's SNI, or "" */
	char reason[400];
};

/* Has a session take what tls_understand_priority understood, or understands it first. */
int tls_set_priority(gnutls_session_t session, const char *priority, struct failure *why);

/*
 * gnutls_record_recv, where a peer's wish to renegotiate is refused.  The alert that says so goes
 * with tls_flush.
 */
ssize_t tls_receive(struct tls *t, void *data, size_t n);

/* What tls_reason answers from now on: a GnuTLS error, and what is known of this session. */
void tls_set_reason(struct tls *t, int error);

#endif
