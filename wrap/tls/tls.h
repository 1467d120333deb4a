#ifndef INETLS_TLS_H
#define INETLS_TLS_H

/*
 * All that a session sees of TLS, with libtls's contract.  The descriptors are non-blocking;
 * nothing here waits.  Written bytes are gathered until tls_flush, so flush before every wait.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

/* What the calls below answer besides a count (> 0) and a clean end (0). */
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
	struct keyholder *keys; /* asked for chain and signature when a handshake needs them; NULL
	                           for a client that shows no certificate */
	struct trust *trust;    /* who the peer must be, or NULL: nobody is asked */
	const char *sni;        /* a client's: the server's name */
	const unsigned char *ticket_key; /* a server's: of TICKET_KEY bytes, or NULL: no tickets */
	const struct ticket_session *resume; /* a client's, or NULL: it remembers nothing */
	const char *priority;                /* -C, or NULL */
	const char *alpn;                    /* offered to a peer that asks for it, or NULL */
	const char *alpn_missing; /* the reason of a peer's end that did not ask for it */
	bool bare_end;            /* such a FIN is a clean end, for which tls_read answers 0 */
};

/* What a handshake agreed on.  sni and alpn are the peer's words; "" where there is none. */
struct tls_info {
	char version[8];
	char cipher[32];
	char group[32];
	char alpn[32];
	char sni[256];
	bool resumed;
};

/*
 * Takes out of the environment what GnuTLS reads there: it would print to fd 2, weaken the session,
 * or write its secrets to a file.
 */
void tls_wash_environment(void);

/*
 * Initialises GnuTLS, which must be done once in a process, before anything below and after the
 * environment was washed.  0, or -1 and *why.
 */
int tls_init(struct failure *why);

/* The version of the GnuTLS that is linked. */
const char *tls_library_version(void);

/*
 * Parses the priority string, or NULL for ours, once for all sessions of this process and of those
 * that it forks: 0, or -1 and *why.
 */
int tls_understand_priority(const char *priority, struct failure *why);

/*
 * A server session on a connected socket.  NULL and *why: EX_USAGE where the priority string is
 * wrong.
 */
struct tls *tls_server(const struct tls_config *c, int fd_in, int fd_out, struct failure *why);

/* The same for a client, whose descriptor tls_set_fd gives once it is connected. */
struct tls *tls_client(const struct tls_config *c, struct failure *why);
void tls_set_fd(struct tls *t, int fd);

/*
 * Has the chain read and understood before a handshake asks for it, which then tells of a failure.
 */
void tls_load_key(struct tls *t);

/* The descriptors, to poll. */
int tls_fd_in(const struct tls *t);
int tls_fd_out(const struct tls *t);

/* Bytes that were read from the socket before TLS started; at most 64. */
void tls_preload(struct tls *t, const void *data, size_t n);

/* From now on a peer that does not ask for the protocol of tls_config.alpn is refused. */
void tls_require_alpn(struct tls *t);

/* 1 once it is complete, else TLS_WANT_*, TLS_TRUNCATED or TLS_FAILED. */
int tls_handshake(struct tls *t);

ssize_t tls_read(struct tls *t, void *data, size_t n);
ssize_t tls_write(struct tls *t, const void *data, size_t n);

/* Whether bytes of the peer are here that tls_read has not looked at, be it half a record. */
bool tls_pending(const struct tls *t);

/*
 * Whether what tls_read called TLS_TRUNCATED was the peer's FIN behind a whole record: who closed
 * without close_notify, or who cut the line there.
 */
bool tls_ended_bare(const struct tls *t);

/* Whether a byte came at all. */
bool tls_peer_spoke(const struct tls *t);

/*
 * Sends what tls_write and tls_close gathered: 1 all gone, TLS_WANT_WRITE, TLS_FAILED or
 * TLS_TRUNCATED.
 */
int tls_flush(struct tls *t);

/* Says close_notify: our flow is complete; the peer's goes on.  1 (then flush), or as tls_write. */
int tls_close(struct tls *t);

/* Says a fatal alert that fits what failed last, or internal_error; best effort. */
void tls_abort(struct tls *t);

/*
 * A client's: hands the session, if the server has given a ticket for it, to ticket_session_save.
 */
void tls_remember(const struct tls *t, const struct ticket_session *file);

/* Whether this handshake resumes a session: a server knows it once the client's hello is read. */
bool tls_is_resumed(const struct tls *t);

void tls_describe(const struct tls *t, struct tls_info *out);

/* Why the last call failed, in words. */
const char *tls_reason(const struct tls *t);

/* For a session in which nothing moves: gives memory back that is needed only while bytes do. */
void tls_rest(struct tls *t);

void tls_free(struct tls *t);

#endif
