#ifndef INETLS_PROTOCOL_H
#define INETLS_PROTOCOL_H

/*
 * What is said in clear before TLS.  A session knows protocols only by this interface, and the
 * table in protocols.c says who implements it; doc/architecture.md says how to add one.  A PROXY
 * header (proxy.h) comes before all this, whatever the protocol.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

struct line_words;

#define PROTOCOL_READ_MAX 512
#define PROTOCOL_NAME_MAX 64 /* with its NUL */
#define PROTOCOL_KEY_MAX 18  /* longer than any key that matters */

/* What a client may say of itself in its first message inside TLS. */
enum protocol_name { PROTOCOL_USER, PROTOCOL_DATABASE, PROTOCOL_APPLICATION, PROTOCOL_NAMES };

/*
 * What was heard of a client's first message inside TLS.  The bytes are the client's own, and may
 * be anything but NUL.
 */
struct protocol_heard {
	bool whole; /* the message came to its end: names counts; "" if the client gave none */
	char names[PROTOCOL_NAMES][PROTOCOL_NAME_MAX];
	/* the rest is the state of hear */
	bool over, in_value;
	unsigned char begin[8];
	size_t len, length; /* bytes heard, and of the message */
	char key[PROTOCOL_KEY_MAX];
	size_t key_len, value_len, name;
};

/* A protocol's state in a session: what it has read and not used yet. */
struct protocol_talk {
	const struct protocol *protocol; /* its row */
	char host[65];                   /* this machine's name, for a protocol that says_host */
	unsigned char read[PROTOCOL_READ_MAX];
	size_t len;      /* bytes in read */
	size_t rest;     /* bytes of that message that are still to be read */
	size_t greeting; /* client: bytes in read that are not for the server, but for the local
	                    program */
	const char *reason;
	char text[160]; /* room for a reason */
	struct protocol_heard heard;
};

enum protocol_verdict {
	PROTOCOL_HANDSHAKE, /* the handshake may begin */
	PROTOCOL_DIRECT,    /* the handshake has begun, with the bytes in read; ALPN is required */
	/* the message in read goes to the service, and the peer gets no answer */
	PROTOCOL_CANCEL,
	PROTOCOL_REFUSED, /* reason says why; the peer got an answer if it can show one */
	PROTOCOL_STOPPED, /* a signal */
};

/* How it went to pass on the first messages inside TLS. */
enum protocol_passed {
	PROTOCOL_PASSED, /* go on, whatever comes */
	PROTOCOL_CUT,    /* TLS has failed; tls_reason says why */
	PROTOCOL_ENDED,  /* a signal */
	PROTOCOL_LATE,   /* the local program has not read, or not sent, in time what it should */
	PROTOCOL_DEAF,   /* the local program accepts no more; errno says why */
};

struct protocol_start {
	struct tls *tls;
	int fd_in, fd_out; /* to and from the local program */
	struct protocol_talk *talk;
	size_t in, out; /* bytes passed on: from the server, and to it */
};

/* What --check knows of the service. */
struct protocol_service {
	const struct protocol *protocol;
	int fd; /* connected and non-blocking, or -1 */
	const char *name, *source;
	bool is_path;    /* a Unix socket */
	bool has_source; /* -I */
};

/* Prints a finding of --check; kind is "ok" or "warning". */
typedef void
protocol_say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Descriptors are non-blocking.  Functions that read take exactly the bytes they need.  negotiate
 * and ask_for_tls are always there; the other functions, and the texts, may be NULL.
 */
struct protocol {
	const char *name; /* its name for -n */
	const char *help; /* one line for -h */
	/* what it says, where one file has the functions of several protocols */
	const struct line_words *words;

	const char *alpn;         /* which PROTOCOL_DIRECT requires */
	const char *alpn_missing; /* why a peer is refused that did not ask for it */
	bool ends_bare;           /* clients that leave without close_notify are normal */
	bool says_host;           /* it says the name of this machine */
	const char *port;         /* the usual port of such a service */
	const char *absent;       /* added to an error when nothing listens: what to look at */
	/* why PROTOCOL_CANCEL is refused if -v requires a certificate */
	const char *cancel_in_clear;

	/* Server: reads what the peer wants and answers, until it is clear how to go on. */
	enum protocol_verdict (*negotiate)(struct protocol_talk *t, int fd, int64_t deadline);

	/*
	 * Passes the message of PROTOCOL_CANCEL to the connected service, and waits until that
	 * closes.  0, or -1 and reason.
	 */
	int (*pass_cancel)(struct protocol_talk *t, int service, int64_t deadline);

	/*
	 * Reads along what a client says inside TLS, from its first byte and in any pieces, for the
	 * log line.  Returns whether it wants to hear more.
	 */
	bool (*hear)(struct protocol_heard *h, const unsigned char *data, size_t n);

	/*
	 * Whether a client has sent, inside TLS, the message of PROTOCOL_CANCEL and nothing else;
	 * given what hear has heard, and how many bytes the client sent in all.
	 */
	bool (*is_cancel)(const struct protocol_heard *h, uint64_t said);

	/*
	 * Reads the greeting of the connected service or program, which the client must not hear
	 * again.  0, or -1 and reason; after a signal the reason does not matter.
	 */
	int (*hear_greeting)(struct protocol_talk *t, int service, int64_t deadline);

	/*
	 * Tells the client inside TLS, by an error that it can show, why there is no service.
	 * Returns whether the client waits for such an answer.  Does not flush.  What the client
	 * says before is heard.
	 */
	bool (*tell_unavailable)(
	    struct protocol_talk *t, struct tls *tls, const char *reason, int64_t deadline);

	/* --check: how the service answers a client that comes through this port. */
	void (*check)(const struct protocol_service *service, protocol_say *say, int64_t deadline);

	/*
	 * Client: reads what the local program wants, and declines when it asks for encryption.
	 * After PROTOCOL_HANDSHAKE, read and rest are what the server gets first.  After
	 * PROTOCOL_DIRECT the program has begun TLS with the bytes in read; tell_direct answers it.
	 */
	enum protocol_verdict (*negotiate_local)(
	    struct protocol_talk *t, int fd_in, int fd_out, int64_t deadline);

	/*
	 * Client: tells a local program that speaks TLS, inside it, to speak in clear.  Returns
	 * whether it waits for such an answer.  Does not flush.
	 */
	bool (*tell_direct)(struct protocol_talk *t, struct tls *tls, int64_t deadline);
	const char *direct; /* the reason in the log */

	/* Asks the server for TLS. */
	enum protocol_verdict (*ask_for_tls)(struct protocol_talk *t, int fd, int64_t deadline);

	/*
	 * Passes on the greeting, the rest of the local program's first message, and the server's
	 * answers, changed where a program without TLS could not use them.  The program has
	 * patience_ms for each of its steps; the server has no limit.
	 */
	enum protocol_passed (*pass_start)(struct protocol_start *s, int64_t patience_ms);

	/* If the local program waits for an answer, tells it why there is no service. */
	void (*tell_local)(
	    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline);
};

#endif
