#ifndef INETLS_TRUST_STATE_H
#define INETLS_TRUST_STATE_H

/*
 * The inside of the decision about a peer, for the files that together implement trust.h: trust.c
 * and those whose names begin with trust_.  No other file includes this.
 *
 * A check returns 0, or GnuTLS's error after it has set reason and alert.
 */

#include <stdbool.h>
#include <stddef.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "tls/known_hosts.h"
#include "tls/trust_peer.h"

struct revocation;
struct trust_config;

/* The certificates that a peer shows now, or showed when a saved session was made. */
struct trust_shown {
	gnutls_session_t session; /* NULL for a saved session's */
	const gnutls_datum_t *der;
	unsigned n;
};

struct trust {
	const struct trust_config *c;
	struct known_hosts hosts;
	struct trust_peer peer;
	/* -v 3 without --pin: the certificates of -A; the peer must show one of them */
	gnutls_x509_crt_t *pinned;
	unsigned n_pinned;
	gnutls_x509_trust_list_t authorities; /* owned by the credentials */
	struct revocation *revoked;           /* of --crl, or NULL */
	bool new_host;                        /* the host is not in known hosts yet */
	int alert;                            /* the alert for the peer, or -1 */
	char reason[480];
};

/* Whether a CA decides; and whether known hosts do, because there is nothing else to decide by. */
bool trust_wants_chain(const struct trust *t);
bool trust_wants_known_hosts(const struct trust *t);

/* A verify function for GnuTLS: makes the whole decision, in the handshake. */
int trust_verify(gnutls_session_t session);

/* Refuses the peer with this alert and reason; returns GnuTLS's error for that. */
int trust_fail(struct trust *t, int alert, const char *reason);

/*
 * Checks by a CA: the chain, its dates, the host's name, what the certificate is for, revocation.
 */
int trust_check_chain(struct trust *t, const struct trust_shown *s, gnutls_x509_crt_t crt);

/* Checks --peer-name. */
int trust_check_names(struct trust *t, gnutls_x509_crt_t crt);

/* Checks known hosts. */
int trust_check_known_hosts(struct trust *t);

/* Lists a certificate's names for a message: "a.example, 192.0.2.1". */
void trust_list_names(gnutls_x509_crt_t crt, char *out, size_t size);

#endif
