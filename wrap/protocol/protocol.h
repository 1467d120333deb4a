#ifndef INETLS_PROTOCOL_H
#define INETLS_PROTOCOL_H

/*
 * What is said in clear before TLS.  A session knows protocols by this interface alone, and the
 * table in protocols.c says who implements it: another protocol is a file beside pgsql.c and a row
 * there.  A PROXY header (proxy.h) comes before all of this, whatever the protocol.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

#define PROTOCOL_READ_MAX 268

/* A protocol's state in a session: what it has read and not dealt with yet. */
struct protocol_talk {
	unsigned char read[PROTOCOL_READ_MAX];
	size_t len;  /* bytes in read */
	size_t rest; /* bytes of the same message that are still to be read */
	const char *reason;
};

enum protocol_verdict {
	PROTOCOL_HANDSHAKE, /* the handshake may begin */
	PROTOCOL_DIRECT,    /* it has begun, with the bytes in read; ALPN is required */
	PROTOCOL_CANCEL,    /* the message in read goes to the service, and nobody is answered */
	PROTOCOL_REFUSED,   /* reason says why; an answer was sent where it is worth one */
	PROTOCOL_STOPPED,   /* a signal */
};

/* How the first messages inside TLS were passed on. */
enum protocol_passed {
	PROTOCOL_PASSED, /* go on with whatever comes */
	PROTOCOL_CUT,    /* TLS has failed; tls_reason says why */
	PROTOCOL_ENDED,  /* a signal */
	PROTOCOL_LATE,   /* the local program has not read or said what it should in time */
	PROTOCOL_DEAF,   /* the local program takes no more; errno says why */
};

struct protocol_start {
	struct tls *tls;
	int fd_in, fd_out; /* the local program */
	size_t rest;       /* protocol_talk's */
	size_t in, out;    /* bytes that were passed on: from the server, and to it */
};

/* What --check knows of the service. */
struct protocol_service {
	int fd; /* connected and non-blocking, or -1 */
	const char *name, *source;
	bool is_path;    /* a Unix socket */
	bool has_source; /* -I */
};

/* Prints a finding of --check; kind is "ok" or "warning". */
typedef void
protocol_say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Descriptors are non-blocking.  What is read is read to the byte.  negotiate and ask_for_tls are
 * always there; the others, and the texts, are NULL where a protocol has nothing to say.
 */
struct protocol {
	const char *name; /* as -n takes it */
	const char *help; /* one line for -h */

	const char *alpn;            /* that PROTOCOL_DIRECT requires */
	const char *alpn_missing;    /* why a peer is refused that did not ask for it */
	bool ends_bare;              /* clients that leave without close_notify are normal */
	const char *port;            /* where such a service usually listens */
	const char *absent;          /* behind an error: what to look at where nothing listens */
	const char *cancel_in_clear; /* why PROTOCOL_CANCEL is refused where -v asks for more */

	/* Of a server: reads what the peer wants and answers it, until it is clear how to go on. */
	enum protocol_verdict (*negotiate)(struct protocol_talk *t, int fd, int64_t deadline);

	/*
	 * Passes the message of PROTOCOL_CANCEL on to the connected service, and waits for its end.
	 * 0, or -1 and reason.
	 */
	int (*pass_cancel)(struct protocol_talk *t, int service, int64_t deadline);

	/*
	 * Whether a client, inside TLS, has said the message of PROTOCOL_CANCEL and nothing else:
	 * its first eight bytes, and how many there were.
	 */
	bool (*is_cancel)(const unsigned char begin[8], uint64_t said);

	/*
	 * Tells the client, inside TLS and as an error that it can show, why there is no service;
	 * whether it waits for such an answer.  Flushes nothing.
	 */
	bool (*tell_unavailable)(struct tls *tls, const char *reason, int64_t deadline);

	/* --check: what the service would say to who comes through this port. */
	void (*check)(const struct protocol_service *service, protocol_say *say, int64_t deadline);

	/*
	 * Of a client: what the local program wants, whose offers to encrypt are declined.
	 * PROTOCOL_HANDSHAKE: read and rest are what goes to the server first.
	 */
	enum protocol_verdict (*negotiate_local)(
	    struct protocol_talk *t, int fd_in, int fd_out, int64_t deadline);

	/* Asks the server for TLS. */
	enum protocol_verdict (*ask_for_tls)(struct protocol_talk *t, int fd, int64_t deadline);

	/*
	 * Passes on the rest of the local program's first message, and the answers that a program
	 * without TLS must not get as they are.  The program has patience_ms for each of its steps;
	 * the server may take its time.
	 */
	enum protocol_passed (*pass_start)(struct protocol_start *s, int64_t patience_ms);

	/* Tells the local program, where it waits for an answer, why there is no service. */
	void (*tell_local)(
	    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline);
};

#endif
