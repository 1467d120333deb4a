/* What PostgreSQL says before TLS. */

#include "protocol/pgsql.h"

#include <string.h>

#include "protocol/clear.h"

/* Request codes: their upper half is 1234, so that they cannot be protocol versions. */
#define CANCEL_REQUEST 80877102u
#define SSL_REQUEST 80877103u
#define GSSENC_REQUEST 80877104u
#define CANCEL_MIN 16

_Static_assert(PGSQL_CANCEL_MAX <= PROTOCOL_READ_MAX, "");

uint32_t
pgsql_get_u32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void
pgsql_put_u32(unsigned char *p, size_t n)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (unsigned char)(n >> (24 - 8 * i));
}

enum pgsql_request
pgsql_classify(const unsigned char head[PGSQL_HEAD], size_t *length)
{
	uint32_t len = pgsql_get_u32(head), code = pgsql_get_u32(head + 4);

	*length = len;
	/* A TLS handshake record; read as a length this would be over 369 million. */
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

static enum protocol_verdict
not_done(struct protocol_talk *t, enum clear_io how)
{
	if (how == CLEAR_STOPPED)
		return PROTOCOL_STOPPED;
	return clear_refuse(t,
	    how == CLEAR_OVER ? "peer did not say what it wants within --handshake-timeout" :
				"peer closed before the handshake");
}

/* The same of a local program, which was told so many times that there is no TLS for it. */
static enum protocol_verdict
local_not_done(struct protocol_talk *t, enum clear_io how, int declined)
{
	if (how == CLEAR_STOPPED)
		return PROTOCOL_STOPPED;
	if (how == CLEAR_OVER)
		return clear_refuse(
		    t, "local program did not say what it wants within --handshake-timeout");
	return clear_refuse(t,
	    declined > 0 ? "local program asked for encryption and left; it must connect with "
			   "sslmode=disable" :
			   "local program closed before its first message");
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
	pgsql_put_u32(out + 1, at - 1);
	return at;
}

/*
 * Read the whole StartupMessage first: closing with unread bytes causes a reset, which would
 * destroy the answer.
 */
static enum protocol_verdict
refuse_plain(struct protocol_talk *t, int fd, size_t length, int64_t deadline)
{
	unsigned char buf[PGSQL_STARTUP_MAX];
	enum clear_io how = clear_read_exactly(fd, buf, length - PGSQL_HEAD, NULL, deadline);

	if (how != CLEAR_DONE)
		return not_done(t, how);
	length = pgsql_error(buf, sizeof(buf), "28000", "TLS is required on this port", NULL,
	    "Connect with sslmode=require, or better sslmode=verify-full.");
	how = clear_write_all(fd, buf, length, deadline);
	return how == CLEAR_DONE ?
	    clear_refuse(t,
		"peer sent a StartupMessage without TLS, and was told that TLS is "
		"required") :
	    not_done(t, how);
}

static enum protocol_verdict
take_cancel(struct protocol_talk *t, int fd, size_t length, int64_t deadline)
{
	enum clear_io how = clear_read_exactly(
	    fd, t->read + PGSQL_HEAD, length - PGSQL_HEAD, NULL, deadline);

	t->len = length;
	return how == CLEAR_DONE ? PROTOCOL_CANCEL : not_done(t, how);
}

/* Sends the one byte that answers SSLRequest or GSSENCRequest. */
static enum clear_io
answer(int fd, unsigned char byte, int64_t deadline)
{
	return clear_write_all(fd, &byte, 1, deadline);
}

enum protocol_verdict
pgsql_negotiate(struct protocol_talk *t, int fd, int64_t deadline)
{
	enum pgsql_request request = PGSQL_UNKNOWN;
	size_t length;
	enum clear_io how;
	int gssenc = 0;

	do {
		if ((how = clear_read_exactly(fd, t->read, PGSQL_HEAD, NULL, deadline)) !=
		    CLEAR_DONE)
			return not_done(t, how);
		request = pgsql_classify(t->read, &length);
		if ((request == PGSQL_SSL || request == PGSQL_GSSENC) && clear_is_stuffed(fd))
			return clear_refuse(t, CLEAR_STUFFED_REQUEST);
		if (request == PGSQL_GSSENC && !gssenc &&
		    (how = answer(fd, 'N', deadline)) != CLEAR_DONE)
			return not_done(t, how);
	} while (request == PGSQL_GSSENC && !gssenc++);

	t->len = 0;
	switch (request) {
	case PGSQL_TLS: t->len = PGSQL_HEAD; return PROTOCOL_DIRECT;
	case PGSQL_SSL:
		how = answer(fd, 'S', deadline);
		return how == CLEAR_DONE ? PROTOCOL_HANDSHAKE : not_done(t, how);
	case PGSQL_CANCEL: return take_cancel(t, fd, length, deadline);
	case PGSQL_STARTUP: return refuse_plain(t, fd, length, deadline);
	case PGSQL_GSSENC: return clear_refuse(t, "a second GSSENCRequest");
	default: return clear_refuse(t, "peer speaks neither PostgreSQL nor TLS");
	}
}

/* ---- client mode: the same from the other side ---- */

enum protocol_verdict
pgsql_negotiate_local(struct protocol_talk *t, int fd_in, int fd_out, int64_t deadline)
{
	enum pgsql_request request;
	size_t length;
	enum clear_io how;
	enum protocol_verdict verdict;
	int declined = 0;

	do {
		if ((how = clear_read_exactly(fd_in, t->read, PGSQL_HEAD, NULL, deadline)) !=
		    CLEAR_DONE)
			return local_not_done(t, how, declined);
		request = pgsql_classify(t->read, &length);
		if (request != PGSQL_SSL && request != PGSQL_GSSENC)
			break;
		/* Each kind of encryption is asked for once, and declined: the wrapper encrypts. */
		if (++declined > 2)
			return clear_refuse(t, "local program asks for encryption again and again");
	} while ((how = answer(fd_out, 'N', deadline)) == CLEAR_DONE);

	if (how != CLEAR_DONE)
		return local_not_done(t, how, declined);
	t->len = PGSQL_HEAD;
	if (request == PGSQL_CANCEL) {
		/* A cancel request goes through TLS, like everything else. */
		verdict = take_cancel(t, fd_in, length, deadline);
		return verdict == PROTOCOL_CANCEL ? PROTOCOL_HANDSHAKE : verdict;
	}
	if (request == PGSQL_TLS)
		return PROTOCOL_DIRECT;
	if (request != PGSQL_STARTUP)
		return clear_refuse(t, "local program does not speak PostgreSQL");
	t->rest = length - PGSQL_HEAD;
	return PROTOCOL_HANDSHAKE;
}

enum protocol_verdict
pgsql_ask_for_tls(struct protocol_talk *t, int fd, int64_t deadline)
{
	static const unsigned char request[PGSQL_HEAD] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };
	unsigned char byte;
	enum clear_io how = clear_write_all(fd, request, sizeof(request), deadline);

	if (how == CLEAR_DONE)
		how = clear_read_exactly(fd, &byte, 1, NULL, deadline);
	if (how == CLEAR_STOPPED)
		return PROTOCOL_STOPPED;
	if (how == CLEAR_OVER)
		return clear_refuse(t, "server did not agree to TLS within --handshake-timeout");
	/* A TLS server takes the request for a broken record, and closes or sends an alert. */
	if (how != CLEAR_DONE || byte == 0x15 || byte == 0x16)
		return clear_refuse(t,
		    "server does not answer SSLRequest; if it speaks TLS from the first byte, "
		    "leave -n pgsql out here, or give it to the server too");
	if (byte == 'N')
		return clear_refuse(t, "server has no TLS (ssl = off)");
	if (byte != 'S')
		return clear_refuse(
		    t, "server answers SSLRequest with an error; is it PostgreSQL?");
	/* Nothing may come between the S and the handshake (CVE-2021-23222). */
	return clear_is_stuffed(fd) ? clear_refuse(t, CLEAR_STUFFED_ANSWER) : PROTOCOL_HANDSHAKE;
}
