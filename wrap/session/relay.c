/*
 * The relay: four steps, each of which says whether it has moved anything.  All are tried; if none
 * has moved anything, the relay waits for exactly what they need.  What to wait for is computed
 * from the state each time and never stored.
 */

#include "session/relay.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/socket.h"
#include "protocol/protocol.h"
#include "session/relay_state.h"
#include "tls/tls.h"

#define REST_MS 1000 /* the buffers' memory is given back after this long without a byte */
#define TURNS 64     /* look for a signal after so many turns without a wait */

/*
 * Who sends a long stream often writes little at a time (PostgreSQL 8 kB), and each write would
 * wake the relay.  After STREAM bytes one way and none the other, a wait lasts until GATHER bytes
 * are here, which still fit into a buffer, or GATHER_MS have passed.
 */
#define STREAM (16 * 1024 * 1024)
#define GATHER (RELAY_BUFFER - 4096)
#define GATHER_MS 1

/*
 * Static, since a process has one connection, and not on the stack: a page takes memory only once a
 * byte reaches it.
 */
static _Alignas(4096) unsigned char buffers[2][RELAY_BUFFER];

/*
 * Repeats the steps until none moves anything, then sends what TLS has gathered.  Returns whether
 * all was sent.
 */
static bool
run_dry(struct relay *r, bool *moved)
{
	bool more = true;

	while (more && !r->over) {
		if (++r->turns % TURNS == 0) {
			if (deadline_stopped())
				(void)relay_stop(r);
			(void)relay_stop_if_over(r);
		}
		more = relay_step_all(r);
		*moved |= more;
	}
	return relay_flush(r);
}

static bool
finished(const struct relay *r, bool flushed)
{
	if (r->stopping)
		return relay_flow_is_empty(&r->in) && relay_flow_is_empty(&r->out) && flushed;
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
	/* After the first end, or a cut, the other flow goes on as long as it moves. */
	if (r->stopping || one_ended(r))
		return deadline_min(idle, deadline_after(r->setup->close_ms));
	return idle;
}

/*
 * Adds what to wait for on one descriptor.  A descriptor of which nothing is wanted is not polled.
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
	if (relay_flow_is_empty(&r->in))
		(void)madvise(r->in.data, RELAY_BUFFER, MADV_DONTNEED);
	if (relay_flow_is_empty(&r->out))
		(void)madvise(r->out.data, RELAY_BUFFER, MADV_DONTNEED);
}

/* deadline_wait, but gives memory back if nothing moves for REST_MS. */
static int
wait_resting(struct relay *r, struct pollfd *p, nfds_t count, int64_t deadline)
{
	int64_t now = deadline_now(), rest_at = now + REST_MS;
	int n;

	/*
	 * A ready descriptor may bring nothing (half a record, for example), so it does not extend
	 * the deadline.
	 */
	if (now >= deadline)
		return DEADLINE_OVER;
	if (r->resting || (deadline != DEADLINE_NEVER && deadline <= rest_at))
		return deadline_wait(p, count, deadline);
	if ((n = deadline_wait(p, count, rest_at)) != DEADLINE_OVER)
		return n;
	rest(r);
	return deadline_wait(p, count, deadline);
}

/* Ends the relay after a wait in which nothing moved in time, or that failed.  Returns false. */
static bool
wait_failed(struct relay *r, int how)
{
	if (how == DEADLINE_ERROR)
		(void)relay_fail(r, RELAY_BROKEN, RELAY_END_NONE, "poll", strerror(errno));
	else if (!relay_stop_if_over(r))
		(void)relay_fail(r, RELAY_IDLE, RELAY_END_TIMEOUT,
		    one_ended(r) ? "nothing moved for --close-timeout after one side had ended" :
				   "nothing moved for --idle-timeout",
		    "");
	return false;
}

/* Has the source of a stream gather, or the one that has gathered no longer. */
static void
gather(struct relay *r)
{
	int fd = -1;

	if (r->streamed >= STREAM)
		fd = r->last_read == &r->in ? r->setup->peer_in : r->setup->plain_in;
	if (fd == r->gathering)
		return;
	if (r->gathering != -1)
		socket_wake_at(r->gathering, 1);
	if (fd != -1)
		socket_wake_at(fd, GATHER);
	r->gathering = fd;
}

/* wait_resting, but for GATHER_MS the source of a stream gathers; then what it has is read. */
static int
wait_gathering(struct relay *r, struct pollfd *p, nfds_t count, int64_t deadline)
{
	int n;

	gather(r);
	if (r->gathering == -1 || (p[0].fd != r->gathering && p[2].fd != r->gathering))
		return wait_resting(r, p, count, deadline);
	n = deadline_wait(p, count, deadline_min(deadline, deadline_after(GATHER_MS)));
	if (n != DEADLINE_OVER)
		return n;
	/* It may go on: then a sixteenth of STREAM is enough. */
	r->streamed = STREAM - STREAM / 16;
	gather(r);
	return wait_resting(r, p, count, deadline);
}

/* Waits for what the steps need.  Returns whether to try again. */
static bool
wait_for_more(struct relay *r, bool flushed, int64_t deadline)
{
	const struct relay_setup *s = r->setup;
	struct pollfd p[4];
	int n;

	want(&p[0], s->peer_in,
	    !r->stopping && !r->in.ended && !r->plain_deaf && relay_flow_is_empty(&r->in), false);
	want(&p[1], s->peer_out, false, !r->writable_peer || !flushed);
	want(&p[2], s->plain_in, !r->stopping && !r->out.ended && relay_flow_is_empty(&r->out),
	    false);
	want(&p[3], s->plain_out, false, !relay_flow_is_empty(&r->in));
	if (s->until != 0)
		deadline = deadline_min(deadline, s->until);
	n = wait_gathering(r, p, 4, deadline);
	if (n == DEADLINE_OVER || n == DEADLINE_ERROR)
		return wait_failed(r, n);
	if (n == DEADLINE_STOP)
		return relay_stop(r);
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
		.readable_plain = false,
		.writable_peer = true,
		.writable_plain = true,
		.gathering = -1,
		.hears = setup->protocol != NULL && setup->protocol->hear != NULL };
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
	r.streamed = 0;
	gather(&r);
}
