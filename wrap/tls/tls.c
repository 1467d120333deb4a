/* GnuTLS behind a small contract: the session and the relay never see it. */

#include "tls/tls.h"

#include <errno.h>

#include "tls/tls_state.h"

#define TICKETS 2 /* for a client that uses each ticket once and opens two connections */
/*
 * Records without data between two with data.  Honest peers send some to hide how much they say
 * (RFC 8446, 5.4), but fewer than this; OpenSSL allows 32.
 */
#define RECORDS_MAX 1000
/*
 * Reads of the socket in a turn.  In a handshake each side waits for the other, so that a second
 * read would find nothing.  Later a record may need two.
 */
#define READS_HANDSHAKE 1
#define READS 4

/* glibc has it; other C libraries may not. */
int malloc_trim(size_t pad) __attribute__((weak));

/* Translates a GnuTLS result other than a count for our callers. */
static int
outcome(struct tls *t, int error)
{
	if (error == GNUTLS_E_AGAIN || error == GNUTLS_E_INTERRUPTED)
		return gnutls_record_get_direction(t->session) ? TLS_WANT_WRITE : TLS_WANT_READ;
	/* An end inside a record is a cut, just like an end between two records. */
	if (t->transport.eof && error == GNUTLS_E_UNEXPECTED_PACKET_LENGTH)
		error = GNUTLS_E_PREMATURE_TERMINATION;
	tls_set_reason(t, error);
	if (error == GNUTLS_E_PREMATURE_TERMINATION || error == GNUTLS_E_PULL_ERROR ||
	    error == GNUTLS_E_PUSH_ERROR)
		return TLS_TRUNCATED;
	return TLS_FAILED;
}

/* Allows a few warning alerts; a TLS library sends one or two. */
static bool
is_passing(struct tls *t, int error)
{
	return error == GNUTLS_E_WARNING_ALERT_RECEIVED && ++t->warnings <= TLS_WARNINGS_MAX;
}

/* Whether too many records came without a byte of data. */
static bool
is_empty_flood(const struct tls *t)
{
	return t->transport.records > t->transport.records_max;
}

/*
 * A message that needs no answer, such as a KeyUpdate, makes GnuTLS return AGAIN although the next
 * record may be here already.  Then waiting for the socket would be wrong, so try again.
 */
static bool
has_more(const struct tls *t, ssize_t r)
{
	return r == GNUTLS_E_AGAIN && !is_empty_flood(t) &&
	    gnutls_record_get_direction(t->session) == 0 && transport_pending(&t->transport);
}

int
tls_handshake(struct tls *t)
{
	int r;

	transport_turn(&t->transport, READS_HANDSHAKE);
	do
		r = gnutls_handshake(t->session);
	while ((r < 0 && is_passing(t, r)) || has_more(t, r));
	if (r != GNUTLS_E_SUCCESS)
		return outcome(t, r);
	/* The peer may cut its messages into any number of records; the deadline limits that. */
	t->transport.records = 0;
	t->transport.records_max = RECORDS_MAX;
	t->transport.keeps_end = t->bare_end;
	t->established = true;
	return 1;
}

/*
 * Java closes with user_canceled, then close_notify (its close() means both flows).  user_canceled
 * is as authentic as close_notify, but GnuTLS treats it as fatal and does not report the
 * close_notify after it.
 */
ssize_t
tls_read(struct tls *t, void *data, size_t n)
{
	ssize_t r;

	transport_turn(&t->transport, READS);
	do
		r = tls_receive(t, data, n);
	while ((r < 0 && is_passing(t, (int)r)) || has_more(t, r));
	if (r > 0) {
		t->warnings = 0;
		t->transport.records = 0;
	}
	if (r == GNUTLS_E_AGAIN && is_empty_flood(t))
		r = GNUTLS_E_TOO_MANY_EMPTY_PACKETS;
	if (r == GNUTLS_E_AGAIN && t->transport.keeps_end && tls_ended_bare(t))
		return 0;
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED &&
	    gnutls_alert_get(t->session) == GNUTLS_A_USER_CANCELED) {
		t->canceled = true;
		return 0;
	}
	return r >= 0 ? r : outcome(t, (int)r);
}

/*
 * Sends tickets before the first bytes that the peer has a reason to read.  Sent with the handshake
 * they might stay unread: if the peer writes and closes, its kernel answers unread data with a
 * reset, which destroys what the peer wrote.  If sending fails, the peer's next handshake is a full
 * one.
 */
static int
send_tickets(struct tls *t)
{
	int r = 0;

	if (t->owes_tickets && gnutls_protocol_get_version(t->session) == GNUTLS_TLS1_3)
		r = gnutls_session_ticket_send(t->session, TICKETS, 0);
	if (r == GNUTLS_E_AGAIN)
		return r;
	t->owes_tickets = false;
	return 0;
}

ssize_t
tls_write(struct tls *t, const void *data, size_t n)
{
	ssize_t r = send_tickets(t);

	if (r == 0)
		r = gnutls_record_send(t->session, data, n);
	t->stuck = r == GNUTLS_E_AGAIN;
	if (r == GNUTLS_E_INVALID_SESSION && t->canceled) {
		errno = EPIPE;
		r = GNUTLS_E_PUSH_ERROR;
	}
	return r >= 0 ? r : outcome(t, (int)r);
}

int
tls_flush(struct tls *t)
{
	int r = transport_flush(&t->transport);

	/* It must not be sent between the two halves of a record. */
	if (r == 0 && t->owes_refusal && !t->stuck && !t->closed) {
		t->owes_refusal = false;
		(void)gnutls_alert_send(t->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
		r = transport_flush(&t->transport);
	}
	switch (r) {
	case 0: return 1;
	case 1: return TLS_WANT_WRITE;
	default: return outcome(t, GNUTLS_E_PUSH_ERROR);
	}
}

int
tls_close(struct tls *t)
{
	int r;

	if (t->closed || t->canceled)
		return 1; /* GnuTLS would send it again, or could not send it */
	if ((r = send_tickets(t)) != 0 ||
	    (r = gnutls_bye(t->session, GNUTLS_SHUT_WR)) != GNUTLS_E_SUCCESS)
		return outcome(t, r);
	t->closed = true;
	return 1;
}

int
tls_fd_in(const struct tls *t)
{
	return t->transport.fd_in;
}

int
tls_fd_out(const struct tls *t)
{
	return t->transport.fd_out;
}

bool
tls_pending(const struct tls *t)
{
	return transport_pending(&t->transport);
}

bool
tls_ended_bare(const struct tls *t)
{
	return t->transport.eof && !transport_within_record(&t->transport);
}

bool
tls_peer_spoke(const struct tls *t)
{
	return t->transport.started;
}

void
tls_rest(struct tls *t)
{
	transport_rest(&t->transport);
	if (malloc_trim != NULL)
		(void)malloc_trim(0);
}
