/* What PostgreSQL says before TLS. */

#include "protocol/pgsql.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

/* Request codes: 1234 in the upper half, so that they cannot be protocol versions. */
#define CANCEL_REQUEST 80877102u
#define SSL_REQUEST 80877103u
#define GSSENC_REQUEST 80877104u
#define CANCEL_MIN 16

static uint32_t
read_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

enum pgsql_request
pgsql_classify(const unsigned char head[PGSQL_HEAD], size_t *length)
{
	uint32_t len = read_u32(head), code = read_u32(head + 4);

	*length = len;
	/* A handshake record of TLS; as a length it would be over 369 million. */
	if (head[0] == 0x16 && head[1] == 0x03)
		return PGSQL_TLS;
	if (code == SSL_REQUEST && len == PGSQL_HEAD)
		return PGSQL_SSL;
	if (code == GSSENC_REQUEST && len == PGSQL_HEAD)
		return PGSQL_GSSENC;
	if (code == CANCEL_REQUEST && len >= CANCEL_MIN && len <= PGSQL_CANCEL_MAX)
		return PGSQL_CANCEL;
	if ((code >> 16 == 3 || code >> 16 == 2) && len >= PGSQL_HEAD && len <= PGSQL_STARTUP_MAX)
		return PGSQL_STARTUP;
	return PGSQL_UNKNOWN;
}

/* Waits after EAGAIN; PGSQL_IO_DONE means try again. */
static enum pgsql_io
wait_again(int fd, short events, int64_t deadline)
{
	if (errno != EAGAIN)
		return PGSQL_IO_GONE;
	switch (deadline_wait_fd(fd, events, deadline)) {
	case DEADLINE_OVER: return PGSQL_IO_OVER;
	case DEADLINE_STOP: return PGSQL_IO_STOPPED;
	case DEADLINE_ERROR: return PGSQL_IO_GONE;
	}
	return PGSQL_IO_DONE;
}

enum pgsql_io
pgsql_read_exactly(int fd, void *data, size_t n, size_t *have, int64_t deadline)
{
	enum pgsql_io how = PGSQL_IO_DONE;

	while (*have < n && how == PGSQL_IO_DONE) {
		ssize_t got = read(fd, (unsigned char *)data + *have, n - *have);

		if (got == 0)
			return PGSQL_IO_GONE;
		if (got > 0)
			*have += (size_t)got;
		else
			how = wait_again(fd, POLLIN, deadline);
	}
	return how;
}

enum pgsql_io
pgsql_write_all(int fd, const void *data, size_t n, int64_t deadline)
{
	const unsigned char *at = data;
	enum pgsql_io how = PGSQL_IO_DONE;

	while (n > 0 && how == PGSQL_IO_DONE) {
		ssize_t sent = write(fd, at, n);

		if (sent >= 0) {
			at += sent;
			n -= (size_t)sent;
		} else
			how = wait_again(fd, POLLOUT, deadline);
	}
	return how;
}

static enum pgsql_io
read_exactly(int fd, unsigned char *data, size_t n, int64_t deadline)
{
	size_t have = 0;

	return pgsql_read_exactly(fd, data, n, &have, deadline);
}

/* A client waits for our answer, so whatever is there already was put there by somebody else. */
static int
is_stuffed(int fd)
{
	unsigned char next;

	return recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static enum pgsql_verdict
refuse(struct pgsql *p, const char *reason)
{
	p->reason = reason;
	return PGSQL_REFUSED;
}

static enum pgsql_verdict
not_done(struct pgsql *p, enum pgsql_io how)
{
	if (how == PGSQL_IO_STOPPED)
		return PGSQL_STOPPED;
	return refuse(p,
	    how == PGSQL_IO_OVER ? "peer did not say what it wants within --handshake-timeout" :
				   "peer closed before the handshake");
}

static size_t
add_field(unsigned char *out, size_t at, size_t size, char type, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (text == NULL || at + 3 > size - 1)
		return at;
	if (len > size - 1 - at - 2)
		len = size - 1 - at - 2;
	out[at] = (unsigned char)type;
	memcpy(out + at + 1, text, len);
	out[at + 1 + len] = '\0';
	return at + 2 + len;
}

size_t
pgsql_error(unsigned char *out, size_t size, const char *sqlstate, const char *message,
    const char *detail, const char *hint)
{
	size_t at = 5;

	at = add_field(out, at, size, 'S', "FATAL");
	at = add_field(out, at, size, 'V', "FATAL");
	at = add_field(out, at, size, 'C', sqlstate);
	at = add_field(out, at, size, 'M', message);
	at = add_field(out, at, size, 'D', detail);
	at = add_field(out, at, size, 'H', hint);
	out[at++] = '\0';
	out[0] = 'E';
	for (size_t i = 0; i < 4; i++)
		out[1 + i] = (unsigned char)((at - 1) >> (24 - 8 * i));
	return at;
}

/*
 * The whole StartupMessage is read first: an answer to bytes that lie unread would be lost in the
 * reset that closing then causes.
 */
static enum pgsql_verdict
refuse_plain(struct pgsql *p, int fd, size_t length, int64_t deadline)
{
	unsigned char buf[PGSQL_STARTUP_MAX];
	enum pgsql_io how = read_exactly(fd, buf, length - PGSQL_HEAD, deadline);

	if (how != PGSQL_IO_DONE)
		return not_done(p, how);
	length = pgsql_error(buf, sizeof(buf), "28000", "TLS is required on this port", NULL,
	    "Connect with sslmode=require, or better sslmode=verify-full.");
	how = pgsql_write_all(fd, buf, length, deadline);
	return how == PGSQL_IO_DONE ? refuse(p, "plain StartupMessage; told that TLS is required") :
				      not_done(p, how);
}

static enum pgsql_verdict
take_cancel(struct pgsql *p, int fd, size_t length, int64_t deadline)
{
	enum pgsql_io how = read_exactly(fd, p->packet + PGSQL_HEAD, length - PGSQL_HEAD, deadline);

	p->len = length;
	return how == PGSQL_IO_DONE ? PGSQL_FORWARD : not_done(p, how);
}

/* The one byte that answers SSLRequest or GSSENCRequest. */
static enum pgsql_io
answer(int fd, unsigned char byte, int64_t deadline)
{
	return pgsql_write_all(fd, &byte, 1, deadline);
}

enum pgsql_verdict
pgsql_accept(struct pgsql *p, int fd, int64_t deadline)
{
	enum pgsql_request request = PGSQL_UNKNOWN;
	size_t length;
	enum pgsql_io how;
	int gssenc = 0;

	do {
		if ((how = read_exactly(fd, p->packet, PGSQL_HEAD, deadline)) != PGSQL_IO_DONE)
			return not_done(p, how);
		request = pgsql_classify(p->packet, &length);
		if ((request == PGSQL_SSL || request == PGSQL_GSSENC) && is_stuffed(fd))
			return refuse(p, "bytes stuffed between request and answer");
		if (request == PGSQL_GSSENC && !gssenc &&
		    (how = answer(fd, 'N', deadline)) != PGSQL_IO_DONE)
			return not_done(p, how);
	} while (request == PGSQL_GSSENC && !gssenc++);

	p->len = 0;
	switch (request) {
	case PGSQL_TLS: p->len = PGSQL_HEAD; return PGSQL_DIRECT;
	case PGSQL_SSL:
		how = answer(fd, 'S', deadline);
		return how == PGSQL_IO_DONE ? PGSQL_HANDSHAKE : not_done(p, how);
	case PGSQL_CANCEL: return take_cancel(p, fd, length, deadline);
	case PGSQL_STARTUP: return refuse_plain(p, fd, length, deadline);
	case PGSQL_GSSENC: return refuse(p, "a second GSSENCRequest");
	default: return refuse(p, "peer speaks neither PostgreSQL nor TLS");
	}
}

/* ---- client mode's mirror ---- */

enum pgsql_verdict
pgsql_accept_local(struct pgsql *p, int fd_in, int fd_out, int64_t deadline)
{
	enum pgsql_request request;
	size_t length;
	enum pgsql_io how;
	int declined = 0;

	do {
		if ((how = read_exactly(fd_in, p->packet, PGSQL_HEAD, deadline)) != PGSQL_IO_DONE)
			return not_done(p, how);
		request = pgsql_classify(p->packet, &length);
		if (request != PGSQL_SSL && request != PGSQL_GSSENC)
			break;
		/* Each kind of encryption is offered once; it is the wrapper that encrypts. */
		if (++declined > 2)
			return refuse(p, "local program asks for encryption again and again");
	} while ((how = answer(fd_out, 'N', deadline)) == PGSQL_IO_DONE);

	if (how != PGSQL_IO_DONE)
		return not_done(p, how);
	p->len = PGSQL_HEAD;
	if (request == PGSQL_CANCEL)
		return take_cancel(p, fd_in, length, deadline);
	if (request != PGSQL_STARTUP)
		return refuse(p, "local program does not speak PostgreSQL");
	p->rest = length - PGSQL_HEAD;
	return PGSQL_BEGIN;
}

enum pgsql_verdict
pgsql_request_tls(struct pgsql *p, int fd, int64_t deadline)
{
	static const unsigned char request[PGSQL_HEAD] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };
	unsigned char byte;
	enum pgsql_io how = pgsql_write_all(fd, request, sizeof(request), deadline);

	if (how == PGSQL_IO_DONE)
		how = read_exactly(fd, &byte, 1, deadline);
	if (how != PGSQL_IO_DONE)
		return not_done(p, how);
	if (byte == 'N')
		return refuse(p, "server has no TLS (ssl = off)");
	if (byte != 'S')
		return refuse(p, "server answers SSLRequest with an error; is it PostgreSQL?");
	/* Nothing may stand between the S and the handshake (CVE-2021-23222). */
	return is_stuffed(fd) ?
	    refuse(p, "bytes stuffed between the server's answer and its handshake") :
	    PGSQL_HANDSHAKE;
}

void
pgsql_tell_local(struct pgsql *p, int fd_in, int fd_out, const char *reason, int64_t deadline)
{
	unsigned char buf[PGSQL_STARTUP_MAX];
	size_t length;

	if (read_exactly(fd_in, buf, p->rest, deadline) != PGSQL_IO_DONE)
		return;
	length = pgsql_error(
	    buf, sizeof(buf), "57P03", "the database cannot be reached through TLS", reason, NULL);
	(void)pgsql_write_all(fd_out, buf, length, deadline);
}
