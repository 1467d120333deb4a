/* The relay's four steps.  Each returns whether it has moved anything; none waits. */

#include "session/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/socket.h"
#include "protocol/protocol.h"
#include "session/relay_state.h"
#include "tls/tls.h"

bool
relay_flow_is_empty(const struct flow *f)
{
	return f->at == f->end;
}

static void
discard(struct flow *f)
{
	f->at = f->end = 0;
}

/*
 * Reading from the peer or writing to it has failed.  It reads no more, so the flow to it has
 * ended.
 */
static bool
peer_failed(struct relay *r, ssize_t how)
{
	const char *reason = tls_reason(r->setup->peer);

	discard(&r->out);
	if (how == TLS_TRUNCATED && r->in.ended)
		return relay_fail(r, RELAY_PEER_LEFT, RELAY_END_PEER,
		    "peer left before it had read everything", reason);
	return relay_fail(r, how == TLS_TRUNCATED ? RELAY_PEER_CUT : RELAY_PEER_FAILED,
	    RELAY_END_PEER, reason, "");
}

/*
 * Whether a bare FIN of the peer loses nothing: the service has closed both ways, as far as its
 * kernel tells, our close_notify was sent, and the peer has sent nothing since.  The service gets a
 * reset all the same: if it still reads, it must not mistake cut input for complete.
 */
static bool
is_complete(const struct relay *r)
{
	return r->setup->plain_closes && r->out.passed && !r->in_after_out &&
	    tls_ended_bare(r->setup->peer) && tls_flush(r->setup->peer) == 1 &&
	    socket_may_be_closed(r->setup->plain_in);
}

/*
 * Whether to read a flow's source again before waiting for it, after a read that did not fill the
 * buffer.  In a stream there is often more by now.  A request is followed by its answer: then the
 * read would be in vain.
 */
static bool
is_streaming(struct relay *r, const struct flow *f)
{
	bool again = r->last_read == f;

	r->streamed = again ? r->streamed + f->end : 0;
	r->last_read = f;
	return again;
}

static bool
step_peer_read(struct relay *r)
{
	ssize_t n;

	if (r->stopping || r->in.ended || !relay_flow_is_empty(&r->in) || !r->readable_peer ||
	    r->plain_deaf)
		return false;
	/* Move the records that are here as one piece, while there is room for a full one. */
	r->in.at = r->in.end = 0;
	do {
		n = tls_read(r->setup->peer, r->in.data + r->in.end, RELAY_BUFFER - r->in.end);
		r->in.end += n > 0 ? (size_t)n : 0;
	} while (n > 0 && r->in.end <= RELAY_BUFFER - RELAY_RECORD && tls_pending(r->setup->peer));
	r->in_after_out |= r->out.ended && !relay_flow_is_empty(&r->in);
	if (r->hears)
		r->hears = r->setup->protocol->hear(r->setup->heard, r->in.data, r->in.end);
	if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
		r->readable_peer = false;
		if (n == TLS_WANT_WRITE) {
			r->read_wants_write = true;
			r->writable_peer = false;
		}
		return !relay_flow_is_empty(&r->in);
	}
	if (n == TLS_TRUNCATED && is_complete(r))
		return relay_fail(r, RELAY_PEER_BARE, RELAY_END_PEER, "", "");
	if (n < 0)
		return peer_failed(r, n);
	if (n == 0) {
		r->in.ended = true;
		relay_ended_first(r, RELAY_END_PEER);
	}
	r->readable_peer = is_streaming(r, &r->in) || tls_pending(r->setup->peer);
	return true;
}

/*
 * A service that accepts no more may have sent something before it left.  Read on until its end:
 * that shows what happened, since our failed write has consumed the error that the next read would
 * have reported for its reset.
 */
static bool
plain_went_deaf(struct relay *r)
{
	discard(&r->in);
	r->plain_deaf = true;
	if (r->out.ended)
		return relay_fail(r, RELAY_PLAIN_CLOSED, RELAY_END_PLAIN,
		    "backend closed before it had read everything", "");
	return true;
}

static bool
step_plain_write(struct relay *r)
{
	ssize_t n;

	if (r->in.ended && relay_flow_is_empty(&r->in) && !r->in.passed) {
		r->in.passed = true;
		/* A pipe has no shutdown; it ends when it is closed. */
		if (shutdown(r->setup->plain_out, SHUT_WR) == -1 && errno == ENOTSOCK)
			(void)close(r->setup->plain_out);
		return true;
	}
	if (relay_flow_is_empty(&r->in) || !r->writable_plain)
		return false;
	n = write(r->setup->plain_out, r->in.data + r->in.at, r->in.end - r->in.at);
	if (n == -1 && errno == EAGAIN) {
		r->writable_plain = false;
		return false;
	}
	if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
		return plain_went_deaf(r);
	if (n == -1) {
		discard(&r->in);
		return relay_fail(
		    r, RELAY_PLAIN_RESET, RELAY_END_PLAIN, "write to backend", strerror(errno));
	}
	r->in.at += (size_t)n;
	r->result->in += (uint64_t)n;
	return true;
}

static bool
step_plain_read(struct relay *r)
{
	ssize_t n;

	if (r->stopping || r->out.ended || !relay_flow_is_empty(&r->out) || !r->readable_plain)
		return false;
	n = read(r->setup->plain_in, r->out.data, RELAY_BUFFER);
	if (n == -1 && errno == EAGAIN) {
		r->readable_plain = false;
		return false;
	}
	if (n == -1)
		return relay_fail(
		    r, RELAY_PLAIN_RESET, RELAY_END_PLAIN, "read from backend", strerror(errno));
	if (n == 0 && r->plain_deaf)
		return relay_fail(
		    r, RELAY_PLAIN_RESET, RELAY_END_PLAIN, "write to backend", "connection reset");
	r->out.at = 0;
	r->out.end = (size_t)n;
	if (n == 0) {
		r->out.ended = true;
		relay_ended_first(r, RELAY_END_PLAIN);
	}
	r->readable_plain = is_streaming(r, &r->out) || n == RELAY_BUFFER;
	return true;
}

static bool
step_peer_write(struct relay *r)
{
	bool closing = r->out.ended && relay_flow_is_empty(&r->out) && !r->out.passed &&
	    !r->stopping;
	ssize_t n;

	if ((relay_flow_is_empty(&r->out) && !closing) || !r->writable_peer)
		return false;
	n = closing ? tls_close(r->setup->peer) :
		      tls_write(r->setup->peer, r->out.data + r->out.at, r->out.end - r->out.at);
	if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
		r->writable_peer = false;
		return false;
	}
	if (n < 0)
		return peer_failed(r, n);
	if (closing)
		r->out.passed = true;
	else {
		r->out.at += (size_t)n;
		r->result->out += (uint64_t)n;
	}
	return true;
}

bool
relay_step_all(struct relay *r)
{
	bool moved = step_peer_read(r);

	moved |= step_plain_write(r);
	moved |= step_plain_read(r);
	moved |= step_peer_write(r);
	return moved;
}

/*
 * That all was sent does not mean that the peer is writable: a step that was told to wait must be
 * woken by the wait.
 */
bool
relay_flush(struct relay *r)
{
	int n = tls_flush(r->setup->peer);

	if (n == TLS_WANT_WRITE)
		r->writable_peer = false;
	if (n == TLS_FAILED || n == TLS_TRUNCATED)
		(void)peer_failed(r, n);
	return n != TLS_WANT_WRITE;
}
