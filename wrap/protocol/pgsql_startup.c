/*
 * Changes the first answers of a PostgreSQL server for a local program that has no TLS channel to
 * bind to.
 */

#include "protocol/pgsql_startup.h"

#include <stdbool.h>
#include <string.h>

#include "base/deadline.h"
#include "protocol/clear.h"
#include "protocol/pgsql.h"
#include "protocol/pgsql_names.h"
#include "tls/peer.h"

#define HEAD 5 /* a message's type and length */
/* Lists of mechanisms or options are shorter than that; a longer message is passed on unchanged. */
#define MESSAGE_MAX 2048
#define SASL 10         /* the code of AuthenticationSASL, which follows the head */
#define BINDING "-PLUS" /* how names of mechanisms with channel binding end (RFC 5802, 4) */

enum gathered { WHOLE, NO_MORE, FAILED, STOPPED };

struct message {
	unsigned char data[MESSAGE_MAX];
	size_t have;
};

static bool
binds(const char *mechanism, size_t len)
{
	size_t tail = sizeof(BINDING) - 1;

	return len >= tail && memcmp(mechanism + len - tail, BINDING, tail) == 0;
}

size_t
pgsql_without_binding(unsigned char *message, size_t n)
{
	size_t from = HEAD + 4, to = HEAD + 4, len;

	if (n < from || message[0] != 'R' || pgsql_get_u32(message + 1) != n - 1 ||
	    pgsql_get_u32(message + HEAD) != SASL)
		return n;
	for (; from < n && message[from] != '\0'; from += len + 1) {
		const char *name = (const char *)message + from;

		len = strnlen(name, n - from);
		if (len == n - from)
			return n; /* not a list: the last name has no NUL */
		if (binds(name, len))
			continue;
		memmove(message + to, name, len + 1);
		to += len + 1;
	}
	memmove(message + to, message + from, n - from);
	n -= from - to;
	pgsql_put_u32(message + 1, n - 1);
	return n;
}

/* Reads until the message has n bytes, or the local program says something first. */
static enum gathered
gather(const struct protocol_start *s, struct message *m, size_t n)
{
	bool heard = false;

	while (m->have < n) {
		ssize_t got = tls_read(s->tls, m->data + m->have, n - m->have);

		if (got == TLS_WANT_READ || got == TLS_WANT_WRITE) {
			if (peer_wait(s->tls, (int)got, s->fd_in, &heard, DEADLINE_NEVER) <= 0)
				return STOPPED;
			if (heard)
				return NO_MORE;
		} else if (got <= 0)
			return got == 0 ? NO_MORE : FAILED;
		else
			m->have += (size_t)got;
	}
	return WHOLE;
}

/* Reads the next message: all of it if it matters here, else its head. */
static enum gathered
next_message(const struct protocol_start *s, struct message *m, bool *matters)
{
	enum gathered how = gather(s, m, HEAD);
	size_t length;

	*matters = false;
	if (how != WHOLE || (m->data[0] != 'R' && m->data[0] != 'v'))
		return how;
	length = (size_t)pgsql_get_u32(m->data + 1) + 1;
	if (length < HEAD || length > sizeof(m->data))
		return how;
	*matters = true;
	return gather(s, m, length);
}

/* Passes one message on.  *more: another one may come before the message that is looked for. */
static enum protocol_passed
pass_answer(struct protocol_start *s, int64_t patience_ms, bool *more)
{
	struct message m = { .have = 0 };
	bool matters;
	enum gathered how = next_message(s, &m, &matters);
	enum clear_io written;

	*more = how == WHOLE && matters && m.data[0] == 'v';
	if (how == WHOLE && matters)
		m.have = pgsql_without_binding(m.data, m.have);
	written = clear_write_all(s->fd_out, m.data, m.have, deadline_after(patience_ms));
	if (written != CLEAR_DONE)
		return clear_passed(written);
	s->in += m.have;
	return how == FAILED ? PROTOCOL_CUT : how == STOPPED ? PROTOCOL_ENDED : PROTOCOL_PASSED;
}

/*
 * Sends the rest of the StartupMessage.  If the local program has ended, sends what there is; the
 * relay will notice the end.
 */
static enum protocol_passed
send_rest(struct protocol_start *s, int64_t patience_ms)
{
	unsigned char startup[PGSQL_STARTUP_MAX];
	size_t have;
	enum clear_io how = clear_read_exactly(
	    s->fd_in, startup, s->talk->rest, &have, deadline_after(patience_ms));

	if (how == CLEAR_OVER || how == CLEAR_STOPPED)
		return clear_passed(how);
	if (have > 0 && tls_write(s->tls, startup, have) != (ssize_t)have)
		return PROTOCOL_CUT;
	(void)pgsql_hear(&s->talk->heard, startup, have);
	s->out += have;
	return PROTOCOL_PASSED;
}

enum protocol_passed
pgsql_pass_startup(struct protocol_start *s, int64_t patience_ms)
{
	enum protocol_passed how;
	bool more;

	if (s->talk->rest == 0)
		return PROTOCOL_PASSED; /* not a StartupMessage */
	how = send_rest(s, patience_ms);
	more = how == PROTOCOL_PASSED && s->out == s->talk->rest;
	while (more && how == PROTOCOL_PASSED)
		how = pass_answer(s, patience_ms, &more);
	return how;
}
