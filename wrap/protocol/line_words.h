#ifndef INETLS_LINE_WORDS_H
#define INETLS_LINE_WORDS_H

/*
 * What the protocols of lines say before TLS: SMTP (RFC 5321, 3207), POP3 (RFC 1939, 2449, 2595),
 * IMAP (RFC 3501, 9051, 2595) and NNTP (RFC 3977, 4642).  Data only; line.h says what is done with
 * it.
 *
 * In a text $H stands for this machine's name, $T for the tag of an IMAP command and $R for a
 * reason, which may have double quotes in it.  Every text ends with CR LF.
 */

#include <stdbool.h>
#include <stddef.h>

#define LINE_MAX_BYTES 8192 /* the longest line of any protocol, with its end */

/* How a reply ends. */
enum line_ending {
	LINE_BY_HYPHEN, /* SMTP: no hyphen behind the code */
	LINE_BY_DOT,    /* a list ends with a dot; any other reply is one line */
	LINE_BY_TAG,    /* IMAP: the line with the command's tag */
};

enum line_argument { LINE_ANY_ARGUMENT, LINE_NO_ARGUMENT, LINE_NEEDS_ARGUMENT };

/* How the talk goes on after a command. */
enum line_next { LINE_STAY, LINE_START, LINE_LEAVE };

/* A command of a client that a server answers before TLS. */
struct line_command {
	const char *verb;
	enum line_argument argument;
	enum line_next next;
	const char *answer;
};

struct line_words {
	size_t line_max; /* the longest line that is read, with its end */
	enum line_ending ending;

	/* a server */
	const char *greeting;
	const struct line_command
	    *commands; /* the last has no verb: its answer is for all others */
	const char *bad_argument;
	const char *bad_tag; /* IMAP */
	const char *down;    /* there is no service, or the server gives up */

	/* --check: commands, up to NULL, that a service grants only to a client that it trusts */
	const char *const *probes;
	const char *granted; /* how a good answer to each begins */

	/* a client */
	const char *welcome; /* how a good greeting begins */
	const char *ask;     /* asks what the server can do */
	const char *list;    /* how a good answer to that begins */
	const char *offer;   /* the word in it that offers TLS */
	const char *start;   /* asks for TLS */
	const char *go;      /* how a good answer to that begins */
};

extern const struct line_words line_smtp, line_pop3, line_imap, line_nntp;

#endif
