/* A server of SMTP, POP3, IMAP or NNTP until the client asks for TLS. */

#include "protocol/line.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "protocol/clear.h"
#include "protocol/line_io.h"

/* A client's line, in pieces; tag is "" where the protocol has none. */
struct command {
	const char *tag, *verb, *argument;
	bool literal; /* IMAP: it goes on in a literal */
};

/* Ends the word at *p with a NUL, and moves *p to the next one. */
static const char *
take_word(char **p)
{
	const char *word = *p;

	*p += strcspn(*p, " ");
	if (**p != '\0')
		*(*p)++ = '\0';
	*p += strspn(*p, " ");
	return word;
}

/* RFC 3501, 9: what a tag is made of. */
static bool
is_tag(const char *tag)
{
	size_t n = strlen(tag);

	for (const char *p = tag; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p) || strchr("(){%*\"\\+", *p) != NULL)
			return false;
	return n > 0 && n <= LINE_TAG_MAX;
}

/* Splits a line, which is changed.  Returns whether it has a tag if it needs one. */
static bool
split(char *line, bool tagged, struct command *c)
{
	size_t n = strlen(line);

	while (n > 0 && line[n - 1] == ' ')
		line[--n] = '\0';
	*c = (struct command){ .tag = "", .literal = tagged && n > 0 && line[n - 1] == '}' };
	if (tagged) {
		c->tag = take_word(&line);
		if (!is_tag(c->tag))
			return false;
	}
	c->verb = take_word(&line);
	c->argument = line;
	return true;
}

static const struct line_command *
find(const struct line_words *w, const char *verb)
{
	const struct line_command *row = w->commands;

	while (row->verb != NULL && strcasecmp(row->verb, verb) != 0)
		row++;
	return row;
}

static bool
argument_fits(const struct line_command *row, const struct command *c)
{
	bool given = c->argument[0] != '\0';

	return !c->literal &&
	    (row->argument == LINE_ANY_ARGUMENT || given == (row->argument == LINE_NEEDS_ARGUMENT));
}

/*
 * Answers one line.  *stuffed: the client did not wait for the answer that makes it begin TLS, and
 * gets none (CVE-2011-0411).
 */
static enum line_next
answer(struct protocol_talk *t, int fd, char *line, int64_t deadline, bool *stuffed)
{
	const struct line_words *w = t->protocol->words;
	enum line_next next = LINE_STAY;
	const struct line_command *row;
	struct command c;
	const char *text = w->bad_tag;

	if (split(line, w->ending == LINE_BY_TAG, &c)) {
		row = find(w, c.verb);
		text = row->answer;
		if (argument_fits(row, &c))
			next = row->next;
		else
			text = w->bad_argument;
	}
	*stuffed = next == LINE_START && clear_is_stuffed(fd);
	if (!*stuffed)
		(void)line_write(fd, text, &(struct line_fill){ t->host, c.tag, NULL }, deadline);
	return next;
}

/* The client is told where it can still show what it is told. */
static enum protocol_verdict
give_up(struct protocol_talk *t, int fd, const char *reason, int64_t deadline)
{
	(void)line_write(
	    fd, t->protocol->words->down, &(struct line_fill){ t->host, "", reason }, deadline);
	return clear_refuse(t, reason);
}

static enum protocol_verdict
not_read(struct protocol_talk *t, int fd, enum line_io how, int64_t deadline)
{
	switch (how) {
	case LINE_STOPPED: return PROTOCOL_STOPPED;
	case LINE_OVER:
		return give_up(
		    t, fd, "peer did not say what it wants within --handshake-timeout", deadline);
	case LINE_LONG: return give_up(t, fd, "peer sent a line that is too long", deadline);
	case LINE_BINARY:
		return clear_refuse(t,
		    "peer does not speak the protocol of -n; for TLS from the first byte leave -n "
		    "out");
	default: return clear_refuse(t, "peer closed before the handshake");
	}
}

enum protocol_verdict
line_negotiate(struct protocol_talk *t, int fd, int64_t deadline)
{
	const struct line_words *w = t->protocol->words;
	char line[LINE_MAX_BYTES];
	enum line_io how = line_write(
	    fd, w->greeting, &(struct line_fill){ t->host, "", NULL }, deadline);
	enum line_next next = LINE_STAY;
	bool stuffed = false;

	for (int n = 0; how == LINE_WHOLE && n < LINES_MAX; n++) {
		if ((how = line_read(fd, line, w->line_max, deadline)) != LINE_WHOLE)
			break;
		next = answer(t, fd, line, deadline, &stuffed);
		if (stuffed)
			return clear_refuse(t, CLEAR_STUFFED_REQUEST);
		if (next == LINE_START)
			return PROTOCOL_HANDSHAKE;
		if (next == LINE_LEAVE)
			return clear_refuse(t, "peer left without asking for TLS");
	}
	return how == LINE_WHOLE ?
	    give_up(t, fd, "peer said 100 lines without asking for TLS", deadline) :
	    not_read(t, fd, how, deadline);
}
