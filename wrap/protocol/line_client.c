/* A client of SMTP, POP3, IMAP or NNTP: asks the server for TLS, then greets the local program. */

#include "protocol/line.h"

#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "protocol/clear.h"
#include "protocol/line_io.h"
#include "tls/peer.h"

/* The server's own words say why. */
static enum protocol_verdict
refuse_greeting(struct protocol_talk *t, const struct line_reply *r)
{
	(void)snprintf(t->text, sizeof(t->text), "server greets with \"%.100s\"", r->said);
	return clear_refuse(t, t->text);
}

static enum protocol_verdict
refuse_answer(struct protocol_talk *t, const struct line_reply *r)
{
	(void)snprintf(t->text, sizeof(t->text), "server declines TLS with \"%.100s\"", r->said);
	return clear_refuse(t, t->text);
}

static enum protocol_verdict
not_heard(struct protocol_talk *t, enum line_io how)
{
	switch (how) {
	case LINE_STOPPED: return PROTOCOL_STOPPED;
	case LINE_OVER:
		return clear_refuse(t, "server did not agree to TLS within --handshake-timeout");
	case LINE_GONE: return clear_refuse(t, "server closed before the handshake");
	default: return clear_refuse(t, "server does not speak the protocol of -n");
	}
}

/*
 * Keeps the greeting for the local program.  A list of capabilities in it is left out: it was said
 * in clear, where anybody may have changed it, and the program must ask again (RFC 3501, 6.2.1).
 */
static void
keep_greeting(struct protocol_talk *t, const char *said)
{
	const char *end = strchr(said, ']');
	size_t from = strlen(t->protocol->words->welcome);
	int n;

	if (said[from] == ' ' && said[from + 1] == '[' && end != NULL)
		n = snprintf((char *)t->read, sizeof(t->read) - 2, "%.*s%s", (int)from, said,
		    end[1] != '\0' ? end + 1 : " ready");
	else
		n = snprintf((char *)t->read, sizeof(t->read) - 2, "%s", said);
	t->greeting = (size_t)n < sizeof(t->read) - 2 ? (size_t)n : sizeof(t->read) - 3;
	memcpy(t->read + t->greeting, "\r\n", 2);
	t->greeting += 2;
}

/* Sends a command, and reads its answer. */
static enum line_io
ask(struct protocol_talk *t, int fd, const char *command, const struct line_expect *e,
    struct line_reply *r, int64_t deadline)
{
	enum line_io how = line_write(
	    fd, command, &(struct line_fill){ t->host, LINE_TAG, NULL }, deadline);

	return how == LINE_WHOLE ? line_read_reply(fd, t->protocol->words, e, r, deadline) : how;
}

enum protocol_verdict
line_ask_for_tls(struct protocol_talk *t, int fd, int64_t deadline)
{
	const struct line_words *w = t->protocol->words;
	const struct line_expect greeting = { .good = w->welcome, .greeting = true };
	const struct line_expect list = { .good = w->list, .list = true, .words = { w->offer } };
	const struct line_expect go = { .good = w->go };
	struct line_reply r;
	enum line_io how = line_read_reply(fd, w, &greeting, &r, deadline);

	if (how == LINE_WHOLE && !r.good)
		return refuse_greeting(t, &r);
	if (how == LINE_WHOLE) {
		keep_greeting(t, r.said);
		how = ask(t, fd, w->ask, &list, &r, deadline);
	}
	/* A server that cannot say what it can do may have TLS all the same. */
	if (how == LINE_WHOLE && r.good && !r.found[0])
		return clear_refuse(t, "server does not offer TLS");
	if (how == LINE_WHOLE)
		how = ask(t, fd, w->start, &go, &r, deadline);
	if (how != LINE_WHOLE)
		return not_heard(t, how);
	if (!r.good)
		return refuse_answer(t, &r);
	return clear_is_stuffed(fd) ? clear_refuse(t, CLEAR_STUFFED_ANSWER) : PROTOCOL_HANDSHAKE;
}

enum protocol_passed
line_pass_greeting(struct protocol_start *s, int64_t patience_ms)
{
	const struct protocol_talk *t = s->talk;
	enum clear_io how = clear_write_all(
	    s->fd_out, t->read, t->greeting, deadline_after(patience_ms));

	if (how == CLEAR_DONE)
		s->in += t->greeting;
	return clear_passed(how);
}

void
line_tell_local(
    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline)
{
	(void)line_write(
	    fd_out, t->protocol->words->down, &(struct line_fill){ t->host, "", reason }, deadline);
	/* It should wait for a greeting, but what it says before must not destroy the answer. */
	peer_leave(fd_in, fd_out);
}
