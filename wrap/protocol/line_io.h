#ifndef INETLS_LINE_IO_H
#define INETLS_LINE_IO_H

/* Lines and replies in clear, bounded in length, number and time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/line_words.h"
#include "protocol/protocol.h"

#define LINES_MAX 100       /* so many lines before TLS, and so many of a reply */
#define LINE_TEXT_MAX 512   /* the longest text that is written, with its end */
#define LINE_TAG_MAX 64     /* the longest tag of an IMAP command that is answered */
#define LINE_REASON_MAX 200 /* so much of a reason is written */

enum line_io {
	LINE_WHOLE,
	LINE_LONG,    /* longer than the protocol allows */
	LINE_BINARY,  /* a NUL: this is no text; or the first byte of a TLS handshake */
	LINE_OVER,    /* the deadline has passed */
	LINE_STOPPED, /* a signal asks us to end */
	LINE_GONE,    /* end of file, or errno says why */
};

/*
 * Reads one line from a socket and takes nothing behind it.  line is without its end, CR LF or LF,
 * and ends with a NUL; it has room for max bytes, at least 1.
 */
enum line_io line_read(int fd, char *line, size_t max, int64_t deadline);

/* What to put in the place of $H, $T and $R. */
struct line_fill {
	const char *host, *tag, *reason;
};

/*
 * Writes a text of line_words into out, which has LINE_TEXT_MAX bytes.  Bytes of a reason that do
 * not print become '?'.  Returns its length.
 */
size_t line_fill(char *out, const char *text, const struct line_fill *f);

/* The same, and writes it to fd. */
enum line_io line_write(int fd, const char *text, const struct line_fill *f, int64_t deadline);

#define LINE_WORDS 2

/* How an answer was. */
struct line_reply {
	bool good;                /* it begins as it should */
	bool found[LINE_WORDS];   /* which of the words were in it */
	char said[LINE_TEXT_MAX]; /* the line that decided, cut to this room; '?' for controls */
};

/* What to expect of an answer. */
struct line_expect {
	const char *good;              /* how a good one begins; $T is the tag */
	const char *words[LINE_WORDS]; /* look for these, or NULL */
	bool greeting;                 /* nobody has asked for it, so it has no tag */
	bool list;                     /* a good one is a list */
};

#define LINE_TAG "t1" /* of our own IMAP commands */

/* Reads an answer up to its end.  *r counts if it is LINE_WHOLE. */
enum line_io line_read_reply(int fd, const struct line_words *w, const struct line_expect *e,
    struct line_reply *r, int64_t deadline);

#endif
