/*
 * The first answers of a PostgreSQL server, for a local program that has no TLS channel to bind to.
 */

#include "protocol/pgsql_startup.h"

#include <stdbool.h>
#include <string.h>

#include "base/deadline.h"
#include "tls/peer.h"
#include "protocol/pgsql.h"

#define HEAD 5 /* a message's type and length */
/* a list of mechanisms or options is not longer; what is, is passed on as it is */
#define MESSAGE_MAX 2048
#define SASL 10         /* the code of AuthenticationSASL, which follows the head */
#define BINDING "-PLUS" /* how the names of such mechanisms end (RFC 5802, 4) */

enum gathered { WHOLE, NO_MORE, FAILED, STOPPED };

struct message {
	unsigned char data[MESSAGE_MAX];
	size_t have;
};

static uint32_t
read_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

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

	if (n < from || message[0] != 'R' || read_u32(message + 1) != n - 1 ||
	    read_u32(message + HEAD) != SASL)
		return n;
	for (; from < n && message[from] != '\0'; from += len + 1) {
		const char *name = (const char *)message + from;

		len = strnlen(name, n - from);
		if (len == n - from)
			return n; /* no list: the last name has no end */
		if (binds(name, len))
			continue;
		memmove(message + to, name, len + 1);
		to += len + 1;
	}
	memmove(message + to, message + from, n - from);
	n -= from - to;
	for (size_t i = 0; i < 4; i++)
		message[1 + i] = (unsigned char)((n - 1) >> (24 - 8 * i));
	return n;
}

/* Reads until the message has n bytes, or the local program says something first. */
static enum gathered
gather(const struct pgsql_startup *s, struct message *m, size_t n)
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

/* The message that comes next, whole if it is one that matters here; else its head. */
static enum gathered
next_message(const struct pgsql_startup *s, struct message *m, bool *matters)
{
	enum gathered how = gather(s, m, HEAD);
	size_t length;

	*matters = false;
	if (how != WHOLE || (m->data[0] != 'R' && m->data[0] != 'v'))
		return how;
	length = (size_t)read_u32(m->data + 1) + 1;
	if (length < HEAD || length > sizeof(m->data))
		return how;
	*matters = true;
	return gather(s, m, length);
}

/* A failure of the local program's end, for our caller. */
static enum pgsql_passed
local_end(enum pgsql_io how)
{
	switch (how) {
	case PGSQL_IO_OVER: return PGSQL_PASS_LATE;
	case PGSQL_IO_STOPPED: return PGSQL_PASS_ENDED;
	case PGSQL_IO_GONE: return PGSQL_PASS_DEAF;
	case PGSQL_IO_DONE: break;
	}
	return PGSQL_PASSED;
}

/* Passes one message on; *more: there may be another before the one that is looked for. */
static enum pgsql_passed
pass_answer(struct pgsql_startup *s, int64_t patience_ms, bool *more)
{
	struct message m = { .have = 0 };
	bool matters;
	enum gathered how = next_message(s, &m, &matters);
	enum pgsql_io written;

	*more = how == WHOLE && matters && m.data[0] == 'v';
	if (how == WHOLE && matters)
		m.have = pgsql_without_binding(m.data, m.have);
	written = pgsql_write_all(s->fd_out, m.data, m.have, deadline_after(patience_ms));
	if (written != PGSQL_IO_DONE)
		return local_end(written);
	s->in += m.have;
	return how == FAILED ? PGSQL_PASS_CUT : how == STOPPED ? PGSQL_PASS_ENDED : PGSQL_PASSED;
}

/*
 * Sends the rest of the StartupMessage: what there is of it where the local program has ended, as
 * the relay will see.
 */
static enum pgsql_passed
send_rest(struct pgsql_startup *s, int64_t patience_ms)
{
	unsigned char startup[PGSQL_STARTUP_MAX];
	size_t have = 0;
	enum pgsql_io how = pgsql_read_exactly(
	    s->fd_in, startup, s->rest, &have, deadline_after(patience_ms));

	if (how == PGSQL_IO_OVER || how == PGSQL_IO_STOPPED)
		return local_end(how);
	if (have > 0 && tls_write(s->tls, startup, have) != (ssize_t)have)
		return PGSQL_PASS_CUT;
	s->out += have;
	return PGSQL_PASSED;
}

enum pgsql_passed
pgsql_pass_startup(struct pgsql_startup *s, int64_t patience_ms)
{
	enum pgsql_passed how = send_rest(s, patience_ms);
	bool more = how == PGSQL_PASSED && s->out == s->rest;

	while (more && how == PGSQL_PASSED)
		how = pass_answer(s, patience_ms, &more);
	return how;
}
