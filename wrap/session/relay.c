/*
 * The relay: four steps, each of which says whether it moved something.  All are tried, and only
 * when none moved is there a wait, for exactly what they said.  What to wait for is computed from
 * the state each time and never kept.
 */

#include "session/relay.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/socket.h"

#define RECORD (16 * 1024) /* the most that a TLS record carries */
#define BUFFER (4 * RECORD)
#define REST_MS 1000 /* without a byte, after which the memory of the buffers is given back */
#define TURNS 64     /* between two looks for a signal while there is always something to do */

struct flow {
	size_t at, end;
	bool ended;  /* the source has said that there is no more */
	bool passed; /* and the sink has been told */
	unsigned char *data;
};

/*
 * One connection in a process, so they are static, and not on its stack: a page of them exists only
 * once a byte has come as far.
 */
static _Alignas(4096) unsigned char buffers[2][BUFFER];

struct relay {
	const struct relay_setup *setup;
	struct relay_result *result;
	struct flow in, out;
	bool readable_peer, readable_plain; /* not known to be empty */
	bool writable_peer, writable_plain; /* not known to be full */
	/* tls_read is to be tried again once the peer can be written */
	bool read_wants_write;
	bool in_after_out; /* the peer has said something after the plain side's end */
	/* the plain side takes no more: what it sends still counts */
	bool plain_deaf;
	bool over;      /* --max-session */
	bool stopping;  /* read no more, deliver what is here */
	bool resting;   /* the memory of empty buffers was given back */
	unsigned turns; /* of the loop, to look for a signal now and then */
};

static bool
empty(const struct flow *f)
{
	return f->at == f->end;
}

static void
ended_first(struct relay *r, enum relay_end who)
{
	if (r->result->first == RELAY_END_NONE)
		r->result->first = who;
}

/*
 * The first failure is the one that counts; from here on what was read is delivered and nothing
 * else read.
 */
static bool
fail(struct relay *r, enum relay_outcome outcome, enum relay_end who, const char *what,
    const char *why)
{
	if (!r->stopping) {
		r->result->outcome = outcome;
		(void)snprintf(r->result->reason, sizeof(r->result->reason), "%s%s%s", what,
		    why[0] != '\0' ? ": " : "", why);
		ended_first(r, who);
	}
	r->stopping = true;
	return true;
}

/* What is left to deliver may take its time, which is not begun again by bytes that move. */
static bool
stop(struct relay *r)
{
	deadline_end_stop();
	if (r->result->leave_by == 0)
		r->result->leave_by = deadline_after(r->setup->close_ms);
	return fail(r, RELAY_STOPPED, RELAY_END_SIGNAL, "ended by a signal", "");
}

/* Of a session that has lasted as long as one may: it is cut off, and who does not read gets no
 * more time. */
static bool
stop_if_over(struct relay *r)
{
	if (r->setup->until == 0 || r->over || deadline_now() < r->setup->until)
		return r->over;
	r->over = true;
	return fail(
	    r, RELAY_IDLE, RELAY_END_TIMEOUT, "session lasted longer than --max-session", "");
}

static void
discard(struct flow *f)
{
	f->at = f->end = 0;
}

/*
 * Reading from or writing to the peer has failed: it reads no more, so the flow to it is at its
 * end.
 */
static bool
peer_failed(struct relay *r, ssize_t how)
{
	const char *reason = tls_reason(r->setup->peer);

	discard(&r->out);
	if (how == TLS_TRUNCATED && r->in.ended)
		return fail(r, RELAY_PEER_LEFT, RELAY_END_PEER,
		    "peer left before it had read everything", reason);
	return fail(r, how == TLS_TRUNCATED ? RELAY_PEER_CUT : RELAY_PEER_FAILED, RELAY_END_PEER,
	    reason, "");
}

/*
 * Whether the peer's bare FIN leaves nothing open: the service has closed both ways, as far as its
 * kernel says, and the peer has been told by our close_notify and has said nothing since.  The
 * service gets a reset all the same: if it still reads, it takes nothing for complete.
 */
static bool
is_complete(const struct relay *r)
{
	return r->setup->plain_closes && r->out.passed && !r->in_after_out &&
	    tls_ended_bare(r->setup->peer) && tls_flush(r->setup->peer) == 1 &&
	    socket_may_be_closed(r->setup->plain_in);
}

static void
note_begin(struct relay_result *result, const struct flow *in)
{
	size_t n = sizeof(result->begin) - result->begun;

	if (n > in->end)
		n = in->end;
	if (n == 0)
		return;
	memcpy(result->begin + result->begun, in->data, n);
	result->begun += n;
}

static bool
step_peer_read(struct relay *r)
{
	ssize_t n;

	if (r->stopping || r->in.ended || !empty(&r->in) || !r->readable_peer || r->plain_deaf)
		return false;
	/* The records that are here go on in one piece, while there is room for a full one. */
	r->in.at = r->in.end = 0;
	do {
		n = tls_read(r->setup->peer, r->in.data + r->in.end, BUFFER - r->in.end);
		r->in.end += n > 0 ? (size_t)n : 0;
	} while (n > 0 && r->in.end <= BUFFER - RECORD && tls_pending(r->setup->peer));
	r->in_after_out |= r->out.ended && !empty(&r->in);
	note_begin(r->result, &r->in);
	if (n == TLS_WANT_READ || n == TLS_WANT_WRITE) {
		r->readable_peer = false;
		if (n == TLS_WANT_WRITE) {
			r->read_wants_write = true;
			r->writable_peer = false;
		}
		return !empty(&r->in);
	}
	if (n == TLS_TRUNCATED && is_complete(r))
		return fail(r, RELAY_PEER_BARE, RELAY_END_PEER, "", "");
	if (n < 0)
		return peer_failed(r, n);
	if (n == 0) {
		r->in.ended = true;
		ended_first(r, RELAY_END_PEER);
	}
	return true;
}

/*
 * A service that takes no more may still have said something before it left: its end decides what
 * this was, since our failed write has consumed the error that its reset would have shown to the
 * next read.
 */
static bool
plain_went_deaf(struct relay *r)
{
	discard(&r->in);
	r->plain_deaf = true;
	if (r->out.ended)
		return fail(r, RELAY_PLAIN_CLOSED, RELAY_END_PLAIN,
		    "backend closed before it had read everything", "");
	return true;
}

static bool
step_plain_write(struct relay *r)
{
	ssize_t n;

	if (r->in.ended && empty(&r->in) && !r->in.passed) {
		r->in.passed = true;
		/* A pipe ends by being closed. */
		if (shutdown(r->setup->plain_out, SHUT_WR) == -1 && errno == ENOTSOCK)
			(void)close(r->setup->plain_out);
		return true;
	}
	if (empty(&r->in) || !r->writable_plain)
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
		return fail(
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

	if (r->stopping || r->out.ended || !empty(&r->out) || !r->readable_plain)
		return false;
	n = read(r->setup->plain_in, r->out.data, BUFFER);
	if (n == -1 && errno == EAGAIN) {
		r->readable_plain = false;
		return false;
	}
	if (n == -1)
		return fail(
		    r, RELAY_PLAIN_RESET, RELAY_END_PLAIN, "read from backend", strerror(errno));
	if (n == 0 && r->plain_deaf)
		return fail(
		    r, RELAY_PLAIN_RESET, RELAY_END_PLAIN, "write to backend", "connection reset");
	r->out.at = 0;
	r->out.end = (size_t)n;
	if (n == 0) {
		r->out.ended = true;
		ended_first(r, RELAY_END_PLAIN);
	}
	return true;
}

static bool
step_peer_write(struct relay *r)
{
	bool closing = r->out.ended && empty(&r->out) && !r->out.passed && !r->stopping;
	ssize_t n;

	if ((empty(&r->out) && !closing) || !r->writable_peer)
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

/*
 * Sends what TLS has gathered.  Whether nothing is left that could still go: after a failure
 * nothing can.  That all is gone does not make the peer writable: who was told to wait before has
 * to be woken by the wait.
 */
static bool
flush(struct relay *r)
{
	int n = tls_flush(r->setup->peer);

	if (n == TLS_WANT_WRITE)
		r->writable_peer = false;
	if (n == TLS_FAILED || n == TLS_TRUNCATED)
		(void)peer_failed(r, n);
	return n != TLS_WANT_WRITE;
}

static bool
finished(const struct relay *r, bool flushed)
{
	if (r->stopping)
		return empty(&r->in) && empty(&r->out) && flushed;
	return r->in.passed && r->out.passed && flushed;
}

static bool
one_ended(const struct relay *r)
{
	return r->in.ended || r->out.ended || r->plain_deaf;
}

static int64_t
limit(const struct relay *r)
{
	int64_t idle = deadline_after(r->setup->idle_ms);

	if (r->result->leave_by != 0)
		return deadline_min(idle, r->result->leave_by);
	/* After the first end, or a cut, the other flow goes on for as long as it moves. */
	if (r->stopping || one_ended(r))
		return deadline_min(idle, deadline_after(r->setup->close_ms));
	return idle;
}

/*
 * Adds what is waited for on one descriptor; a descriptor of which nothing is wanted is not polled
 * at all.
 */
static void
want(struct pollfd *p, int fd, bool in, bool out)
{
	p->fd = in || out ? fd : -1;
	p->events = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0));
}

static bool
ready(const struct pollfd *p, short events)
{
	/* An error or a hang-up counts as ready, so that the call reports the cause. */
	return p->fd != -1 && (p->revents & (events | POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static void
rest(struct relay *r)
{
	r->resting = true;
	tls_rest(r->setup->peer);
	if (empty(&r->in))
		(void)madvise(r->in.data, BUFFER, MADV_DONTNEED);
	if (empty(&r->out))
		(void)madvise(r->out.data, BUFFER, MADV_DONTNEED);
}

/* deadline_wait, which on the way puts a session to rest in which nothing moves. */
static int
wait_resting(struct relay *r, struct pollfd *p, nfds_t count, int64_t deadline)
{
	int64_t now = deadline_now(), tired = now + REST_MS;
	int n;

	/* What is ready may be of no use, as half a record is: it does not hold off the end. */
	if (now >= deadline)
		return DEADLINE_OVER;
	if (r->resting || (deadline != DEADLINE_NEVER && deadline <= tired))
		return deadline_wait(p, count, deadline);
	if ((n = deadline_wait(p, count, tired)) != DEADLINE_OVER)
		return n;
	rest(r);
	return deadline_wait(p, count, deadline);
}

/* Waits for what the steps could not do.  Whether there is any sense in trying again. */
static bool
wait_for_more(struct relay *r, bool flushed, int64_t deadline)
{
	const struct relay_setup *s = r->setup;
	struct pollfd p[4];
	int n;

	want(&p[0], s->peer_in, !r->stopping && !r->in.ended && !r->plain_deaf && empty(&r->in),
	    false);
	want(&p[1], s->peer_out, false, !r->writable_peer || !flushed);
	want(&p[2], s->plain_in, !r->stopping && !r->out.ended && empty(&r->out), false);
	want(&p[3], s->plain_out, false, !empty(&r->in));
	if (r->setup->until != 0)
		deadline = deadline_min(deadline, r->setup->until);
	n = wait_resting(r, p, 4, deadline);
	if (n == DEADLINE_OVER && stop_if_over(r))
		return false;
	if (n == DEADLINE_OVER || n == DEADLINE_ERROR) {
		bool late = n == DEADLINE_OVER;
		bool closing = one_ended(r);

		(void)fail(r, late ? RELAY_IDLE : RELAY_BROKEN,
		    late ? RELAY_END_TIMEOUT : RELAY_END_NONE,
		    !late       ? "poll" :
			closing ? "nothing moved for --close-timeout after one side had ended" :
				  "nothing moved for --idle-timeout",
		    late ? "" : strerror(errno));
		return false;
	}
	if (n == DEADLINE_STOP)
		return stop(r);
	r->readable_peer |= ready(&p[0], POLLIN);
	if (ready(&p[1], POLLOUT)) {
		r->writable_peer = true;
		r->readable_peer |= r->read_wants_write;
		r->read_wants_write = false;
	}
	r->readable_plain |= ready(&p[2], POLLIN);
	r->writable_plain |= ready(&p[3], POLLOUT);
	return true;
}

/* Tries all four; whether any of them moved something. */
static bool
step_all(struct relay *r)
{
	bool moved = step_peer_read(r);

	moved |= step_plain_write(r);
	moved |= step_plain_read(r);
	moved |= step_peer_write(r);
	return moved;
}

/* Until no step moves anything: then TLS's gathered bytes leave.  Whether they all did. */
static bool
run_dry(struct relay *r, bool *moved)
{
	bool more = true;

	while (more && !r->over) {
		if (++r->turns % TURNS == 0) {
			if (deadline_stopped())
				(void)stop(r);
			(void)stop_if_over(r);
		}
		more = step_all(r);
		*moved |= more;
	}
	return flush(r);
}

void
relay_run(const struct relay_setup *setup, struct relay_result *result)
{
	struct relay r;
	int64_t deadline = DEADLINE_NEVER;
	bool flushed, moved = true, stopping = false;

	r = (struct relay){ .setup = setup,
		.result = result,
		.in.data = buffers[0],
		.out.data = buffers[1],
		.readable_peer = true,
		.readable_plain = true,
		.writable_peer = true,
		.writable_plain = true };
	*result = (struct relay_result){ .outcome = RELAY_DONE };
	do {
		flushed = run_dry(&r, &moved);
		if (r.over || finished(&r, flushed))
			break;
		if (moved || stopping != r.stopping)
			deadline = limit(&r);
		r.resting &= !moved;
		moved = false;
		stopping = r.stopping;
	} while (wait_for_more(&r, flushed, deadline));
}
