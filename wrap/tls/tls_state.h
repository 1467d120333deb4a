#ifndef INETLS_TLS_STATE_H
#define INETLS_TLS_STATE_H

/*
 * A TLS session's inside, for the files that together implement tls.h: tls.c and those whose names
 * begin with tls_.  No other file includes this.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <gnutls/gnutls.h>

#include "tls/sni.h"
#include "tls/tls_key.h"
#include "tls/transport.h"

/* A TLS library sends one or two.  Without a limit a peer could go on past every timeout. */
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
	const char *refused; /* why the peer's chain was refused unread, or NULL */
	bool is_server;
	bool alpn_required;
	bool in_clear; /* see tls_config */
	const char *alpn_missing;
	const struct ticket_session *last; /* the session that it may resume, or NULL */
	bool key_shown;                    /* our certificate was sent to the peer */
	bool established;                  /* the handshake is complete */
	bool closed;                       /* close_notify was sent */
	bool bare_end;                     /* see tls_config */
	bool owes_tickets;                 /* tickets are to be sent with the next data */
	/* the peer sent user_canceled: GnuTLS moves nothing more, in either direction */
	bool canceled;
	bool stuck;                  /* GnuTLS holds part of a record that could not be sent */
	bool renegotiates, declined; /* the peer's new ClientHello is coming; one was refused */
	bool owes_refusal;           /* the alert that refuses a renegotiation is to be sent */
	int warnings;                /* how many the peer has sent since its last byte of data */
	int error;                   /* GnuTLS's, from the last call that failed */
	char asked[SNI_MAX];         /* the name in the client's SNI, or "" */
	char reason[400];
};

struct tls_config;

/* Gives a session the priorities that tls_understand_priority has parsed, or parses them first. */
int tls_set_priority(gnutls_session_t session, const struct tls_config *c, struct failure *why);

/* gnutls_record_recv, but refuses a renegotiation.  tls_flush sends the alert. */
ssize_t tls_receive(struct tls *t, void *data, size_t n);

/* Sets what tls_reason returns from now on: a GnuTLS error, and what is known of this session. */
void tls_set_reason(struct tls *t, int error);

#endif
