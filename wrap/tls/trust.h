#ifndef INETLS_TRUST_H
#define INETLS_TRUST_H

/*
 * Whether to trust the peer.  A client never talks to a stranger silently: it needs a CA and the
 * host's name, a pin, or what it saw the first time (known hosts, as ssh does).  A server asks for
 * a certificate if -v says so.  Files are read before the process is confined; no lock is held
 * while waiting for a peer.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "tls/trust_peer.h"

#define TRUST_PINS_MAX 16
#define TRUST_NAMES_MAX 32

/* The argument of -v. */
enum { TRUST_UNSET = -1, TRUST_IGNORE, TRUST_IF_SENT, TRUST_REQUIRED, TRUST_PINNED };

struct trust_config {
	bool client; /* we are the TLS client */
	int level;
	const char *ca_file; /* "system" means this machine's; or NULL */
	const char *ca_dir, *crl;
	const char *pins[TRUST_PINS_MAX]; /* checked by trust_pin_is_valid */
	int n_pins;
	const char *names[TRUST_NAMES_MAX]; /* a client's certificate must have one of these */
	int n_names;
	const char *known_hosts; /* a path, or NULL for the default */
	/* the server's, to check its certificate and to find it in known hosts */
	const char *host, *port;
};

struct trust;

/* Whether it is "sha256//" and the base64 of 32 bytes. */
bool trust_pin_is_valid(const char *text);

/* Reads the files that the decision needs.  NULL and *why: EX_NOINPUT, EX_NOPERM, EX_CONFIG. */
struct trust *trust_load(const struct trust_config *c, struct failure *why);

/*
 * Whether something about these files is dangerous and yet allowed; then *why says what.  t may be
 * NULL.
 */
bool trust_warning(const struct trust *t, struct failure *why);

/* t may be NULL. */
void trust_free(struct trust *t);

/* Makes GnuTLS's credentials and session ask us; 0, or -1 and *why. */
int trust_apply(struct trust *t, void *credentials, void *session, struct failure *why);

/*
 * Whether a server that showed this chain (chain_pack) in an earlier connection is trusted by
 * today's CAs, revocation list, pins and known hosts, so that its saved session may be resumed.  If
 * not, there is a full handshake, which checks it again.
 */
bool trust_holds(struct trust *t, unsigned char *chain, size_t len);

/*
 * trust_reason: why the peer was refused, in words, or "".  trust_alert: the alert for that, or -1.
 */
const char *trust_reason(const struct trust *t);
int trust_alert(const struct trust *t);

/* What the peer showed in the handshake. */
const struct trust_peer *trust_peer(const struct trust *t);

/*
 * After the handshake: adds a host that was seen for the first time to known hosts.  1 if it did,
 * and text is for the log; 0 if there was nothing to do; -1 and text if the host must be refused
 * after all, or the file cannot be written.
 */
int trust_remember(struct trust *t, char *text, size_t size);

/* The descriptor of known hosts, which stays open, or -1. */
int trust_fd(const struct trust *t);

#endif
