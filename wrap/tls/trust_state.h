#ifndef INETLS_TRUST_STATE_H
#define INETLS_TRUST_STATE_H

/*
 * What the decision about a peer knows, for the files that together keep the contract of trust.h:
 * trust.c and those whose names begin with trust_.  Nobody else includes this.
 *
 * A check answers 0, or GnuTLS's error, and then reason and alert are set.
 */

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "tls/known_hosts.h"
#include "tls/trust_peer.h"

struct revocation;
struct trust_config;

/* The certificates that a peer shows now, or that it showed when a kept session was made. */
struct trust_shown {
	gnutls_session_t session; /* NULL where they are kept ones */
	const gnutls_datum_t *der;
	unsigned n;
};

struct trust {
	const struct trust_config *c;
	struct known_hosts hosts;
	struct trust_peer peer;
	gnutls_x509_crt_t *pinned; /* -v 3 without --pin: the certificates of -A, one of which the
	                              peer must show */
	unsigned n_pinned;
	gnutls_x509_trust_list_t authorities; /* the credentials' own */
	struct revocation *revoked;           /* of --crl, or NULL */
	bool new_host;                        /* not yet in known hosts */
	int alert;                            /* for the peer, or -1 */
	char reason[480];
};

/* Whether a CA decides; and whether, with nothing else to go by, known hosts do. */
bool trust_wants_chain(const struct trust *t);
bool trust_wants_known_hosts(const struct trust *t);

/* A verify function of GnuTLS's: the whole decision, in the handshake. */
int trust_verify(gnutls_session_t session);

/* The peer is refused, with this alert and for this reason: GnuTLS's error for that. */
int trust_fail(struct trust *t, int alert, const char *reason);

/* By a CA: the chain, its dates, the host's name, what the certificate is for, revocation. */
int trust_check_chain(struct trust *t, const struct trust_shown *s, gnutls_x509_crt_t crt);

/* By --peer-name. */
int trust_check_names(struct trust *t, gnutls_x509_crt_t crt);

/* By what was seen the first time. */
int trust_check_known_hosts(struct trust *t);

/* The names of a certificate, for a sentence: "a.example, 192.0.2.1". */
void trust_list_names(gnutls_x509_crt_t crt, char *out, size_t size);

#endif
