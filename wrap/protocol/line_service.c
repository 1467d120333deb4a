/* The service behind a server of SMTP, POP3, IMAP or NNTP. */

#include "protocol/line.h"

#include <stdio.h>

#include "protocol/line_io.h"
#include "tls/peer.h"

int
line_hear_greeting(struct protocol_talk *t, int service, int64_t deadline)
{
	const struct line_words *w = t->protocol->words;
	const struct line_expect greeting = { .good = w->welcome, .greeting = true };
	struct line_reply r;

	switch (line_read_reply(service, w, &greeting, &r, deadline)) {
	case LINE_WHOLE: break;
	case LINE_OVER:
		t->reason = "the service says no greeting within --connect-timeout";
		return -1;
	default:
		t->reason = "the service closed, or spoke another protocol, before its greeting "
			    "was complete";
		return -1;
	}
	(void)snprintf(t->text, sizeof(t->text), "the service greets with \"%.100s\"", r.said);
	t->reason = t->text;
	return r.good ? 0 : -1;
}

/* Reads the client's next line from TLS.  Returns whether one came. */
static bool
read_command(struct tls *tls, size_t max, int64_t deadline)
{
	char c = '\0';

	for (size_t n = 0; n < max && c != '\n'; n++)
		if (peer_read(tls, &c, 1, deadline) <= 0)
			return false;
	return c == '\n';
}

/*
 * After the handshake the client speaks first.  Its line is read before it is answered: closing
 * with unread bytes causes a reset, which would destroy the answer.
 */
bool
line_tell_unavailable(
    struct protocol_talk *t, struct tls *tls, const char *reason, int64_t deadline)
{
	const struct line_words *w = t->protocol->words;
	char out[LINE_TEXT_MAX];
	size_t n = line_fill(out, w->down, &(struct line_fill){ t->host, "", reason });

	return read_command(tls, w->line_max, deadline) && tls_write(tls, out, n) == (ssize_t)n;
}

/* ---- --check ---- */

/* Sends a command, and reads its answer.  Returns whether it was good. */
static bool
ask(const struct protocol_service *s, const char *command, const struct line_expect *e,
    struct line_reply *r, int64_t deadline)
{
	const struct line_words *w = s->protocol->words;
	const struct line_fill fill = { .tag = LINE_TAG };

	return line_write(s->fd, command, &fill, deadline) == LINE_WHOLE &&
	    line_read_reply(s->fd, w, e, r, deadline) == LINE_WHOLE && r->good;
}

/* Asks for what only a trusted client is given, and takes nothing. */
static bool
is_trusting(const struct protocol_service *s, int64_t deadline)
{
	const struct line_words *w = s->protocol->words;
	const struct line_expect granted = { .good = w->granted };
	struct line_reply r;

	if (w->probes == NULL)
		return false;
	for (const char *const *probe = w->probes; *probe != NULL; probe++)
		if (!ask(s, *probe, &granted, &r, deadline))
			return false;
	return true;
}

static void
check_trust(const struct protocol_service *s, protocol_say *say, int64_t deadline)
{
	if (is_trusting(s, deadline))
		say("warning",
		    "open relay: the service takes mail for any domain from %s, and every client "
		    "of this port comes from there; take it out of mynetworks (Postfix) or "
		    "relay_from_hosts (Exim)",
		    s->source);
	else if (!s->is_path && !s->has_source)
		say("warning",
		    "every client of this port looks local to the service; it must not trust "
		    "127.0.0.1, or distinguish these clients by -I 127.0.0.77");
}

void
line_check(const struct protocol_service *service, protocol_say *say, int64_t deadline)
{
	const struct line_words *w = service->protocol->words;
	const struct line_expect greeting = { .good = w->welcome, .greeting = true };
	const struct line_expect list = {
		.good = w->list, .list = true, .words = { w->offer, "LOGINDISABLED" }
	};
	struct line_reply r;

	if (service->fd == -1)
		return;
	if (line_read_reply(service->fd, w, &greeting, &r, deadline) != LINE_WHOLE || !r.good) {
		say("warning",
		    "%s: %s does not greet as such a service does; is it another program?",
		    service->protocol->name, service->name);
		return;
	}
	say("ok", "%s: greets with \"%s\"", service->protocol->name, r.said);
	if (ask(service, w->ask, &list, &r, deadline)) {
		if (r.found[0])
			say("warning",
			    "%s: the service offers %s itself, which clients would see inside TLS "
			    "again; switch it off there",
			    service->protocol->name, w->offer);
		if (r.found[1])
			say("warning",
			    "%s: LOGINDISABLED: the service lets nobody log in without TLS of its "
			    "own",
			    service->protocol->name);
	}
	check_trust(service, say, deadline);
}
