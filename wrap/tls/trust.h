#ifndef INETLS_TRUST_H
#define INETLS_TRUST_H

/*
 * Who the peer must be.  A client never talks to a stranger silently: a CA and the host's name, a
 * pin, or what was seen the first time (known hosts, as ssh does).  A server asks for a certificate
 * where -v says so. Files are read before the process is confined; nothing is locked while a peer
 * is waited for.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "tls/trust_peer.h"

#define TRUST_PINS_MAX 16
#define TRUST_NAMES_MAX 32

/* -v, where it was given. */
enum { TRUST_UNSET = -1, TRUST_IGNORE, TRUST_IF_SENT, TRUST_REQUIRED, TRUST_PINNED };

struct trust_config {
	bool client; /* we are the TLS client */
	int level;
	const char *ca_file; /* "system" is this machine's; or NULL */
	const char *ca_dir, *crl;
	const char *pins[TRUST_PINS_MAX]; /* well formed: trust_pin_is_valid */
	int n_pins;
	const char *names[TRUST_NAMES_MAX]; /* one of which a client's certificate must have */
	int n_names;
	const char *known_hosts; /* a path, or NULL for the usual one */
	/* of the server, for its certificate and its line in known hosts */
	const char *host, *port;
};

struct trust;

/* "sha256//" and the base64 of 32 bytes. */
bool trust_pin_is_valid(const char *text);

/* Reads what the decision needs.  NULL and *why: EX_NOINPUT, EX_NOPERM, EX_CONFIG. */
struct trust *trust_load(const struct trust_config *c, struct failure *why);

/* t may be NULL. */
void trust_free(struct trust *t);

/* Lets the credentials and the session of GnuTLS ask us; 0, or -1 and *why. */
int trust_apply(struct trust *t, void *credentials, void *session, struct failure *why);

/*
 * Whether a server that has shown this chain (chain_pack) in an earlier connection is trusted by
 * what CAs, revocation list, pins and known hosts are now, and the session that was kept of it may
 * be resumed. False costs a full handshake, in which it is looked at again.
 */
bool trust_holds(struct trust *t, unsigned char *chain, size_t len);

/* Why the peer was refused, in words, or "" ; and the alert that says so, or -1. */
const char *trust_reason(const struct trust *t);
int trust_alert(const struct trust *t);

/* What the peer showed in the handshake. */
const struct trust_peer *trust_peer(const struct trust *t);

/*
 * After the handshake: writes a host that was seen for the first time into known hosts.  1 where it
 * did and text says what to log, 0 where there was nothing to do, -1 and text where the host must
 * be refused after all or the file cannot be written.
 */
int trust_remember(struct trust *t, char *text, size_t size);

/* The descriptor of known hosts, which stays open, or -1. */
int trust_fd(const struct trust *t);

#endif
