#ifndef INETLS_TLS_H
#define INETLS_TLS_H

/*
 * All that a session sees of TLS, with libtls's contract.  Descriptors are non-blocking; nothing
 * here waits.  Written bytes are gathered until tls_flush, so flush before every wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

/* What the calls below return besides a count (> 0) and a clean end (0). */
enum {
	TLS_FAILED = -1,     /* tls_reason says why */
	TLS_WANT_READ = -2,  /* call again once fd_in is readable */
	TLS_WANT_WRITE = -3, /* call again, with the same data, once fd_out is writable */
	TLS_TRUNCATED = -4,  /* the peer is gone without close_notify; tls_reason says how */
};

struct tls;
struct keyholder;
struct ticket_session;
struct trust;
struct trust_peer;

struct tls_config {
	/*
	 * gives chain and signature when a handshake needs them; NULL if a client shows no
	 * certificate
	 */
	struct keyholder *keys;
	struct trust *trust; /* decides about the peer's certificate; NULL: none is asked for */
	const char *sni;     /* for a client: the server's name */
	/* for a server: TICKET_KEY bytes, or NULL for no tickets */
	const unsigned char *ticket_key;
	const struct ticket_session *resume; /* for a client: the session to resume, or NULL */
	const char *priority;                /* -C, or NULL */
	bool signs; /* has a key: nothing is allowed that the keyholder would refuse to sign */
	const char *alpn;         /* accepted if the peer asks for it, or NULL */
	const char *alpn_missing; /* why a peer that did not ask for it is refused */
	bool in_clear;            /* TLS is asked for in clear first, by the protocol of -n */
	/* a FIN without close_notify is a clean end, and tls_read returns 0 */
	bool bare_end;
};

/* What a handshake agreed on.  sni and alpn come from the peer; "" if there is none. */
struct tls_info {
	char version[8];
	char cipher[32];
	char group[32];
	char alpn[32];
	char sni[256];
	bool resumed;
};

/*
 * Initialises GnuTLS.  Call it once in a process, before everything below.  0, or -1 and *why.
 */
int tls_init(struct failure *why);

/* The version of the GnuTLS that is linked. */
const char *tls_library_version(void);

/*
 * Parses the priority string (NULL: the default) once for all sessions of this process and of its
 * children: 0, or -1 and *why.  signs: they have a key, so nothing is allowed that the keyholder
 * would refuse to sign.
 */
int tls_understand_priority(const char *priority, bool signs, struct failure *why);

/*
 * A server session on a connected socket.  NULL and *why: EX_USAGE if the priority string is wrong.
 */
struct tls *tls_server(const struct tls_config *c, int fd_in, int fd_out, struct failure *why);

/* A client session; tls_set_fd sets its descriptor once it is connected. */
struct tls *tls_client(const struct tls_config *c, struct failure *why);
void tls_set_fd(struct tls *t, int fd);

/*
 * Gives a server without keys a certificate that was made just now and proves nothing, for a peer
 * that shows an error only if it comes inside TLS.  0, or -1.
 */
int tls_show_nobody(struct tls *t);

/* Reads and parses the chain before a handshake asks for it.  The handshake reports a failure. */
void tls_load_key(struct tls *t);

/* The descriptors to poll. */
int tls_fd_in(const struct tls *t);
int tls_fd_out(const struct tls *t);

/* Gives TLS the bytes read from the socket before it started: TRANSPORT_IN of them at most. */
void tls_preload(struct tls *t, const void *data, size_t n);

/* From now on a peer that does not ask for tls_config.alpn is refused. */
void tls_require_alpn(struct tls *t);

/* 1 once the handshake is complete, else TLS_WANT_*, TLS_TRUNCATED or TLS_FAILED. */
int tls_handshake(struct tls *t);

ssize_t tls_read(struct tls *t, void *data, size_t n);
ssize_t tls_write(struct tls *t, const void *data, size_t n);

/*
 * Whether bytes from the peer are buffered that tls_read has not looked at, even if only half a
 * record.
 */
bool tls_pending(const struct tls *t);

/*
 * Whether the TLS_TRUNCATED of tls_read was the peer's FIN after a whole record: either the peer
 * closed without close_notify, or somebody cut the connection there.
 */
bool tls_ended_bare(const struct tls *t);

/* Whether any byte came from the peer. */
bool tls_peer_spoke(const struct tls *t);

/*
 * Sends what tls_write and tls_close have gathered: 1 if all is sent, TLS_WANT_WRITE, TLS_FAILED or
 * TLS_TRUNCATED.
 */
int tls_flush(struct tls *t);

/*
 * Gathers a close_notify: our flow is complete, the peer's goes on.  1 (then flush), or as
 * tls_write.
 */
int tls_close(struct tls *t);

/*
 * Sends a fatal alert for the last failure, or internal_error; nothing if the peer has sent one.
 * Ignores errors.
 */
void tls_abort(struct tls *t);

/* For a client: saves the session with ticket_session_save, if the server gave a ticket for it. */
void tls_remember(const struct tls *t, const struct ticket_session *file);

/* Whether this handshake resumes a session; a server knows once it has read the ClientHello. */
bool tls_is_resumed(const struct tls *t);

void tls_describe(const struct tls *t, struct tls_info *out);

/* Why the last call failed, in words. */
const char *tls_reason(const struct tls *t);

/* For a session in which nothing moves: frees memory that is only needed while bytes move. */
void tls_rest(struct tls *t);

void tls_free(struct tls *t);

#endif
