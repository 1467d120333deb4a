/*
 * The relay with a fake TLS.  The fake below replaces wrap/tls/tls.c: a record is a length of two
 * bytes and its data, length 0 is close_notify, 0xffff a protocol error, the end of the socket a
 * truncation.  It returns short counts, wants to read or write without need, and keeps the contract
 * of tls.h.  The two ends of the relay are threads that follow a plan made from a seed, which is
 * printed when a test fails.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "session/relay.h"
#include "tls/tls.h"
#include "parse.h"

/* For one test: a relay that hangs or spins is killed, and its seed is on stderr. */
#define SECONDS 20
#define FRAME_MAX 3000

static unsigned current_seed;

/* ---- random numbers ---- */

static unsigned
next_random(unsigned *state)
{
	*state = *state * 1103515245u + 12345u;
	return *state >> 8;
}

static bool
one_in(unsigned *state, unsigned n)
{
	return n != 0 && next_random(state) % n == 0;
}

static size_t
between(unsigned *state, size_t low, size_t high)
{
	return low + next_random(state) % (high - low + 1);
}

/* The byte at that place of a flow; the two flows differ. */
static unsigned char
byte_at(uint64_t at, int flow)
{
	return (unsigned char)((at * 2654435761u >> 11) + (at >> 16) + (unsigned)flow * 101u);
}

static void
fill(unsigned char *data, size_t n, uint64_t at, int flow)
{
	for (size_t i = 0; i < n; i++)
		data[i] = byte_at(at + i, flow);
}

static bool
matches(const unsigned char *data, size_t n, uint64_t at, int flow)
{
	for (size_t i = 0; i < n; i++)
		if (data[i] != byte_at(at + i, flow))
			return false;
	return true;
}

/* ---- the fake of tls.h ---- */

struct tls {
	int fd;
	unsigned seed;
	unsigned mischief; /* one call in so many does less than it could; 0: none */
	unsigned char in[4096], out[9000];
	size_t in_at, in_end, out_at, out_end;
	size_t frame;        /* bytes of the current record that are still to come */
	bool closed;         /* close_notify was said */
	bool broke_contract; /* other data after TLS_WANT_WRITE, or a write after close_notify */
	const void *blocked; /* the data of a write that returned TLS_WANT_WRITE */
	int flush_fails;     /* a result for every flush from now on, or 0 */
	/* the next write finds the output full, which the next flush empties */
	bool full_once;
	bool want_write_once; /* the next read with data in our buffer wants to write */
	unsigned reads, flushes, rests;
};

void
tls_rest(struct tls *t)
{
	t->rests++;
}

const char *
tls_reason(const struct tls *t)
{
	(void)t;
	return "the fake's reason";
}

static bool
less(struct tls *t)
{
	return one_in(&t->seed, t->mischief);
}

/* Reads ahead: 1 if at least n bytes are in the buffer, or a result of tls_read. */
static int
have(struct tls *t, size_t n)
{
	while (t->in_end - t->in_at < n) {
		ssize_t got;

		memmove(t->in, t->in + t->in_at, t->in_end - t->in_at);
		t->in_end -= t->in_at;
		t->in_at = 0;
		if (less(t))
			return TLS_WANT_READ; /* without need; the socket stays readable if it is */
		got = read(
		    t->fd, t->in + t->in_end, between(&t->seed, 1, sizeof(t->in) - t->in_end));
		if (got == -1 && errno == EAGAIN)
			return TLS_WANT_READ;
		if (got <= 0)
			return TLS_TRUNCATED;
		t->in_end += (size_t)got;
	}
	return 1;
}

ssize_t
tls_read(struct tls *t, void *data, size_t n)
{
	int r;

	t->reads++;
	if (less(t))
		return TLS_WANT_WRITE; /* at any time, even with data in our buffer */
	if (t->want_write_once && t->in_at < t->in_end) {
		t->want_write_once = false;
		return TLS_WANT_WRITE;
	}
	if (t->frame == 0) {
		if ((r = have(t, 2)) != 1)
			return r;
		t->frame = (size_t)t->in[t->in_at] << 8 | t->in[t->in_at + 1];
		t->in_at += 2;
		if (t->frame == 0xffff)
			return TLS_FAILED;
		if (t->frame == 0)
			return 0;
	}
	if ((r = have(t, 1)) != 1)
		return r;
	if (n > t->frame)
		n = t->frame;
	if (n > t->in_end - t->in_at)
		n = t->in_end - t->in_at;
	if (less(t))
		n = between(&t->seed, 1, n);
	memcpy(data, t->in + t->in_at, n);
	t->in_at += n;
	t->frame -= n;
	return (ssize_t)n;
}

bool
tls_pending(const struct tls *t)
{
	return t->in_at < t->in_end;
}

bool
tls_ended_bare(const struct tls *t)
{
	return t->frame == 0 && t->in_at == t->in_end;
}

static int
send_some(struct tls *t)
{
	while (t->out_at < t->out_end) {
		size_t n = t->out_end - t->out_at;
		ssize_t sent;

		if (less(t))
			return TLS_WANT_WRITE;
		sent = send(
		    t->fd, t->out + t->out_at, less(t) ? between(&t->seed, 1, n) : n, MSG_NOSIGNAL);
		if (sent == -1 && errno == EAGAIN)
			return TLS_WANT_WRITE;
		if (sent == -1)
			return TLS_TRUNCATED;
		t->out_at += (size_t)sent;
	}
	t->out_at = t->out_end = 0;
	return 1;
}

int
tls_flush(struct tls *t)
{
	t->flushes++;
	return t->flush_fails != 0 ? t->flush_fails : send_some(t);
}

/* Makes room for n bytes: 1, or a result of tls_write. */
static int
room(struct tls *t, size_t n)
{
	int r;

	if (sizeof(t->out) - t->out_end >= n)
		return 1;
	if ((r = send_some(t)) == TLS_TRUNCATED)
		return r;
	memmove(t->out, t->out + t->out_at, t->out_end - t->out_at);
	t->out_end -= t->out_at;
	t->out_at = 0;
	return sizeof(t->out) - t->out_end >= n ? 1 : TLS_WANT_WRITE;
}

ssize_t
tls_write(struct tls *t, const void *data, size_t n)
{
	int r;

	if (t->closed || n == 0 || (t->blocked != NULL && t->blocked != data))
		t->broke_contract = true;
	t->blocked = data;
	if (t->full_once || less(t)) {
		t->full_once = false;
		return one_in(&t->seed, 4) ? TLS_WANT_READ : TLS_WANT_WRITE;
	}
	if (n > FRAME_MAX)
		n = FRAME_MAX;
	if (less(t))
		n = between(&t->seed, 1, n);
	if ((r = room(t, n + 2)) != 1)
		return r;
	t->blocked = NULL;
	t->out[t->out_end] = (unsigned char)(n >> 8);
	t->out[t->out_end + 1] = (unsigned char)n;
	memcpy(t->out + t->out_end + 2, data, n);
	t->out_end += n + 2;
	return (ssize_t)n;
}

int
tls_close(struct tls *t)
{
	int r;

	if (t->closed)
		return 1;
	if (less(t))
		return TLS_WANT_WRITE;
	if ((r = room(t, 2)) != 1)
		return r;
	t->out[t->out_end++] = 0;
	t->out[t->out_end++] = 0;
	t->closed = true;
	return 1;
}

/* ---- the two ends ---- */

enum ending {
	END_CLEAN, /* close_notify, or FIN */
	END_CUT,   /* closes at once, in any state; a reset if it is TCP */
	END_FAIL,  /* a protocol error; only for the peer */
	END_NEVER, /* silent until told */
};

struct end {
	int fd;
	bool framed; /* true for the peer, false for plain */
	int flow;    /* the flow that it sends */
	unsigned seed;
	size_t total;      /* what it sends before its end */
	size_t deaf_after; /* it reads so many bytes, then ends; SIZE_MAX: all */
	enum ending ending;
	bool waits; /* it ends only after the other end has ended */
	bool late;  /* it sends nothing until the other end has ended */
	unsigned pause_us;
	pthread_t thread;

	/* what happened */
	size_t sent, received;
	bool got_end, in_order, cut, finished;
	unsigned char head[2];
	size_t head_n, frame;
	unsigned char record[FRAME_MAX + 2]; /* the record or bytes being sent */
	size_t record_at, record_end;
	bool ended;
};

static void
pause_sometimes(struct end *e)
{
	if (e->pause_us != 0 && one_in(&e->seed, 6)) {
		struct timespec ts = { 0, (long)between(&e->seed, 1, e->pause_us) * 1000 };

		(void)nanosleep(&ts, NULL);
	}
}

static void
take(struct end *e, const unsigned char *data, size_t n)
{
	while (e->framed && n > 0 && !e->got_end) {
		if (e->frame == 0) {
			e->head[e->head_n++] = *data++;
			n--;
			if (e->head_n == 2) {
				e->frame = (size_t)e->head[0] << 8 | e->head[1];
				e->head_n = 0;
				e->got_end = e->frame == 0;
			}
			continue;
		}
		e->in_order &= *data == byte_at(e->received, 1 - e->flow);
		e->received++;
		e->frame--;
		data++;
		n--;
	}
	if (e->framed) {
		e->in_order &= n == 0; /* nothing may follow close_notify */
		return;
	}
	e->in_order &= matches(data, n, e->received, 1 - e->flow);
	e->received += n;
}

/* Puts the next record, or bytes, into e->record. */
static void
prepare(struct end *e)
{
	size_t n = between(&e->seed, 1, one_in(&e->seed, 3) ? 20 : FRAME_MAX),
	       head = e->framed ? 2 : 0;

	if (n > e->total - e->sent)
		n = e->total - e->sent;
	e->record[0] = (unsigned char)(n >> 8);
	e->record[1] = (unsigned char)n;
	fill(e->record + head, n, e->sent, e->flow);
	e->record_at = 0;
	e->record_end = n + head;
	e->sent += n;
}

static void
go_away(struct end *e)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	(void)setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(e->fd);
	e->fd = -1;
	e->finished = true;
}

static void
say_end(struct end *e)
{
	e->ended = true;
	if (e->ending == END_CUT) {
		go_away(e);
		return;
	}
	if (e->framed) {
		memset(e->record, e->ending == END_FAIL ? 0xff : 0, 2);
		e->record_at = 0;
		e->record_end = 2;
	} else
		(void)shutdown(e->fd, SHUT_WR);
}

static bool
wants_to_send(const struct end *e)
{
	if (e->late && !e->got_end)
		return false;
	if (e->record_at < e->record_end || e->sent < e->total)
		return true;
	return !e->ended && e->ending != END_NEVER && (!e->waits || e->got_end);
}

static void
send_some_of(struct end *e)
{
	ssize_t n;

	if (e->record_at == e->record_end) {
		if (e->sent == e->total)
			say_end(e);
		else
			prepare(e);
	}
	if (e->finished || e->record_at == e->record_end)
		return;
	n = send(e->fd, e->record + e->record_at, e->record_end - e->record_at, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN) {
		/* It can send no more, but what was sent to it must still be read. */
		e->cut = e->ended = true;
		e->total = e->sent;
		e->record_at = e->record_end;
	}
	if (n > 0)
		e->record_at += (size_t)n;
}

static void
receive_some(struct end *e)
{
	unsigned char data[5000];
	ssize_t n = read(e->fd, data, between(&e->seed, 1, sizeof(data)));

	if (n == -1 && errno == EAGAIN)
		return;
	if (n > 0) {
		take(e, data, (size_t)n);
		if (e->received >= e->deaf_after)
			go_away(e);
	} else if (n == 0 && !e->framed && !e->cut)
		e->got_end = true;
	else
		/* the relay has gone, without an end that this side could see */
		e->cut = e->finished = true;
}

static void *
live(void *argument)
{
	struct end *e = argument;

	while (!e->finished && !(e->got_end && e->ended && e->record_at == e->record_end)) {
		struct pollfd p = { .fd = e->fd };

		p.events = (short)((e->got_end ? 0 : POLLIN) | (wants_to_send(e) ? POLLOUT : 0));
		(void)poll(&p, 1, 1000);
		pause_sometimes(e);
		if (p.revents & POLLOUT)
			send_some_of(e);
		if (!e->finished && !e->got_end && p.revents & (POLLIN | POLLHUP | POLLERR))
			receive_some(e);
		else if (e->got_end && p.revents & (POLLHUP | POLLERR))
			/* the relay has gone: nobody takes what is still to be sent */
			e->finished = true;
	}
	return NULL;
}

/* ---- one run ---- */

struct run {
	struct end peer, plain;
	struct tls tls;
	int relay_plain;
	struct relay_setup setup;
	struct relay_result result;
};

static void
on_alarm(int signal)
{
	char text[80];
	int n = snprintf(text, sizeof(text), "# relay hangs: seed %u\n", current_seed);

	(void)signal;
	(void)!write(STDERR_FILENO, text, (size_t)n);
	_exit(1);
}

static void
tcp_pair(int fds[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(sin);
	int l = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(l, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(getsockname(l, (struct sockaddr *)&sin, &len), 0);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fds[0], (struct sockaddr *)&sin, len), 0);
	fds[1] = accept(l, NULL, NULL);
	assert_int_not_equal(fds[1], -1);
	(void)close(l);
}

static void
small_buffers(const int fds[2])
{
	int size = 4096;

	for (int i = 0; i < 2; i++) {
		(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
		(void)setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	}
}

/* Makes both pairs, with ends that never end.  With tcp the plain side can reset. */
static void
run_open(struct run *r, unsigned seed, bool tcp)
{
	int peer[2], plain[2];

	memset(r, 0, sizeof(*r));
	current_seed = seed;
	(void)signal(SIGALRM, on_alarm);
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, peer), 0);
	if (tcp)
		tcp_pair(plain);
	else
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, plain), 0);
	if (seed % 2)
		small_buffers(peer);
	if (seed % 3 == 0 && !tcp)
		small_buffers(plain);
	for (int i = 0; i < 2; i++)
		assert_true(fcntl(peer[i], F_SETFL, O_NONBLOCK) == 0 &&
		    fcntl(plain[i], F_SETFL, O_NONBLOCK) == 0);
	r->tls = (struct tls){ .fd = peer[0], .seed = seed };
	r->relay_plain = plain[0];
	r->peer = (struct end){ .fd = peer[1], .framed = true, .flow = 0, .seed = seed + 1 };
	r->plain = (struct end){ .fd = plain[1], .flow = 1, .seed = seed + 2 };
	r->peer.deaf_after = r->plain.deaf_after = SIZE_MAX;
	r->peer.in_order = r->plain.in_order = true;
	r->setup = (struct relay_setup){ .peer = &r->tls,
		.peer_in = peer[0],
		.peer_out = peer[0],
		.plain_in = plain[0],
		.plain_out = plain[0],
		.idle_ms = PARSE_OFF,
		.close_ms = 20000 };
}

static void
run_start(struct run *r)
{
	assert_int_equal(pthread_create(&r->peer.thread, NULL, live, &r->peer), 0);
	assert_int_equal(pthread_create(&r->plain.thread, NULL, live, &r->plain), 0);
}

/* Like backend_abort: waits until what was sent has arrived, then resets. */
static void
abort_plain(int fd)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	struct timespec ts = { 0, 1000000 };
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info;
	int unsent = 0;

	for (int i = 0; i < 5000 && ioctl(fd, SIOCOUTQ, &unsent) == 0 && unsent > 0; i++) {
		/* After a reset the kernel still counts unsent bytes. */
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
		    info.tcpi_state == TCP_CLOSE)
			break;
		(void)nanosleep(&ts, NULL);
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	(void)close(fd);
}

/* Leaves as the session does: resets the plain side, sends nothing more to the peer. */
static void
run_finish(struct run *r)
{
	if (r->result.outcome != RELAY_DONE)
		abort_plain(r->relay_plain);
	else
		(void)close(r->relay_plain);
	(void)close(r->tls.fd);
	(void)pthread_join(r->peer.thread, NULL);
	(void)pthread_join(r->plain.thread, NULL);
	if (r->peer.fd != -1)
		(void)close(r->peer.fd);
	if (r->plain.fd != -1)
		(void)close(r->plain.fd);
	if (r->tls.broke_contract)
		fail_msg("seed %u: the contract of tls.h was broken", current_seed);
	if (!r->peer.in_order || !r->plain.in_order)
		fail_msg("seed %u: bytes out of order", current_seed);
}

static void
run_all(struct run *r)
{
	run_start(r);
	relay_run(&r->setup, &r->result);
	run_finish(r);
}

#define expect(r, condition)                                                                      \
	do {                                                                                      \
		if (!(condition))                                                                 \
			fail_msg(                                                                 \
			    "seed %u: not so: %s; outcome %d (%s) in %zu of %zu, out %zu of %zu", \
			    current_seed, #condition, (int)(r)->result.outcome,                   \
			    (r)->result.reason, (r)->plain.received, (r)->peer.sent,              \
			    (r)->peer.received, (r)->plain.sent);                                 \
	} while (0)

/* ---- schedules ---- */

static size_t
some_bytes(unsigned *seed)
{
	switch (next_random(seed) % 4) {
	case 0: return 0;
	case 1: return between(seed, 1, 100);
	case 2: return between(seed, 1, 20000);
	default: return between(seed, 1, 200000);
	}
}

static void
plan(struct run *r, unsigned seed, bool tcp)
{
	unsigned dice = seed * 7919 + 17;

	run_open(r, seed, tcp);
	r->tls.mischief = next_random(&dice) % 8; /* 0: never; 1 would be always */
	if (r->tls.mischief == 1)
		r->tls.mischief = 40;
	r->peer.total = some_bytes(&dice);
	r->plain.total = some_bytes(&dice);
	r->peer.pause_us = (unsigned)between(&dice, 0, 1) * 100;
	r->plain.pause_us = (unsigned)between(&dice, 0, 1) * 100;
	r->peer.waits = one_in(&dice, 3);
	r->plain.waits = !r->peer.waits && one_in(&dice, 2);
}

static void
all_bytes_arrive_and_both_ends_are_passed_on(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 1; seed <= 400; seed++) {
		plan(&r, seed, seed % 5 == 0);
		run_all(&r);
		expect(&r, r.result.outcome == RELAY_DONE);
		expect(&r, r.result.reason[0] == '\0');
		expect(&r, r.peer.got_end && r.plain.got_end);
		expect(&r, r.plain.received == r.peer.total && r.peer.received == r.plain.total);
		expect(&r, r.result.in == r.peer.total && r.result.out == r.plain.total);
		expect(&r, r.result.first == RELAY_END_PEER || r.result.first == RELAY_END_PLAIN);
		if (r.peer.waits)
			expect(&r, r.result.first == RELAY_END_PLAIN);
		if (r.plain.waits)
			expect(&r, r.result.first == RELAY_END_PEER);
	}
	(void)alarm(0);
}

static void
a_cut_peer_never_looks_complete(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 1001; seed <= 1200; seed++) {
		plan(&r, seed, seed % 5 == 0);
		r.peer.ending = END_CUT;
		r.peer.waits = false;
		r.plain.waits = seed % 2 == 0;
		run_all(&r);
		expect(&r, r.result.outcome == RELAY_PEER_CUT);
		expect(&r, !r.tls.closed || r.plain.ended);
		/* On a Unix socket the plain side only sees the end when the session closes. */
		expect(&r, seed % 5 != 0 || r.plain.ended || !r.plain.got_end);
		/*
		 * Nothing was being sent to the peer, so only reading can have noticed: everything
		 * arrives.
		 */
		if (r.plain.total == 0 && r.plain.waits)
			expect(&r, r.plain.received == r.peer.total);
		expect(&r, r.result.in <= r.peer.sent);
	}
	(void)alarm(0);
}

static void
a_peer_that_breaks_the_protocol_never_looks_complete(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 2001; seed <= 2100; seed++) {
		plan(&r, seed, true);
		r.peer.ending = END_FAIL;
		r.peer.waits = false;
		r.plain.waits = true;
		run_all(&r);
		expect(&r, r.result.outcome == RELAY_PEER_FAILED);
		expect(&r, !r.plain.got_end && !r.tls.closed);
		expect(&r, r.plain.received == r.peer.total);
		assert_string_equal(r.result.reason, "the fake's reason");
	}
	(void)alarm(0);
}

static void
a_reset_plain_side_never_looks_complete(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 3001; seed <= 3200; seed++) {
		plan(&r, seed, true);
		r.plain.ending = END_CUT;
		r.plain.waits = false;
		r.peer.waits = true;
		run_all(&r);
		expect(&r, r.result.outcome == RELAY_PLAIN_RESET);
		expect(&r, r.result.first == RELAY_END_PLAIN);
		expect(&r, !r.peer.got_end && !r.tls.closed);
	}
	(void)alarm(0);
}

static void
a_plain_side_that_stops_reading_never_looks_complete(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 4001; seed <= 4100; seed++) {
		plan(&r, seed, seed % 2 == 0);
		r.peer.total += 50000;
		r.peer.waits = true;
		r.plain.waits = false;
		r.plain.deaf_after = 1000;
		r.plain.ending = END_NEVER;
		run_all(&r);
		expect(&r,
		    r.result.outcome == RELAY_PLAIN_RESET ||
			r.result.outcome == RELAY_PLAIN_CLOSED);
		expect(&r, r.result.outcome != RELAY_DONE);
	}
	(void)alarm(0);
}

static void
a_peer_that_leaves_before_it_has_read_everything_is_reported(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned seed = 5001; seed <= 5100; seed++) {
		plan(&r, seed, seed % 2 == 0);
		r.plain.total += 1500000; /* more than the buffers hold */
		r.plain.waits = false;
		r.peer.waits = false;
		r.peer.deaf_after = 1000;
		run_all(&r);
		expect(
		    &r, r.result.outcome == RELAY_PEER_CUT || r.result.outcome == RELAY_PEER_LEFT);
		/* RELAY_PEER_CUT without its close_notify, RELAY_PEER_LEFT with it. */
		if (r.result.outcome == RELAY_PEER_LEFT)
			expect(&r, r.peer.ended && r.plain.received == r.peer.total);
	}
	(void)alarm(0);
}

/* ---- one case at a time ---- */

static void
close_notify_becomes_fin_and_the_answer_still_comes(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6001, true);
	r.peer.total = 100;
	r.plain.total = 300000;
	r.plain.waits = true;
	run_all(&r);
	expect(&r, r.result.outcome == RELAY_DONE && r.result.first == RELAY_END_PEER);
	expect(&r, r.peer.received == 300000);
	(void)alarm(0);
}

static void
fin_becomes_close_notify_and_the_peer_goes_on(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6002, true);
	r.plain.total = 100;
	r.peer.total = 300000;
	r.peer.waits = true;
	run_all(&r);
	expect(&r, r.result.outcome == RELAY_DONE && r.result.first == RELAY_END_PLAIN);
	expect(&r, r.plain.received == 300000);
	(void)alarm(0);
}

static void
a_peer_that_said_close_notify_and_left_early_was_not_cut(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6015, true);
	r.peer.total = 100;
	r.peer.deaf_after = 1000;
	r.plain.total = 1500000; /* more than the buffers hold */
	r.plain.late = true;
	run_all(&r);
	expect(&r, r.result.outcome == RELAY_PEER_LEFT && r.result.first == RELAY_END_PEER);
	expect(&r, r.plain.received == 100 && r.plain.got_end);
	(void)alarm(0);
}

static int64_t
cpu_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
a_flush_that_fails_ends_the_session(void **state)
{
	static const int how[] = { TLS_TRUNCATED, TLS_FAILED };
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned i = 0; i < 2; i++) {
		run_open(&r, 6003 + i, true);
		r.plain.total = 1000;
		r.peer.ending = r.plain.ending = END_NEVER;
		r.tls.flush_fails = how[i];
		run_all(&r);
		expect(&r, r.result.outcome == (i == 0 ? RELAY_PEER_CUT : RELAY_PEER_FAILED));
		expect(&r, r.tls.flushes < 100);
	}
	(void)alarm(0);
}

/*
 * The output was full for the write, and empty when it was flushed: nothing else will wake the
 * relay.
 */
static void
a_write_that_blocked_is_tried_again_after_a_flush_that_did_not(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6005, true);
	r.plain.total = 1000;
	r.plain.waits = true;
	r.peer.waits = false;
	r.peer.deaf_after = 1000; /* it waits for the answer, and sends nothing before */
	r.peer.ending = END_NEVER;
	r.tls.full_once = true;
	r.setup.idle_ms = 3000;
	run_all(&r);
	expect(&r, r.peer.received == 1000);
	expect(&r, r.result.outcome != RELAY_IDLE);
	(void)alarm(0);
}

/* tls.h: after TLS_WANT_WRITE, call again once the peer is writable, not once it has sent more. */
static void
a_read_that_wants_to_write_is_tried_again_without_new_bytes(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6006, true);
	r.peer.total = 1000;
	r.peer.ending = r.plain.ending = END_NEVER;
	r.plain.deaf_after = 1000;
	r.tls.want_write_once = true;
	r.setup.idle_ms = 3000;
	run_all(&r);
	expect(&r, r.plain.received == 1000);
	expect(&r, r.result.outcome != RELAY_IDLE);
	(void)alarm(0);
}

static void
idle_timeout_ends_a_session_in_which_nothing_moves(void **state)
{
	int64_t began = deadline_now(), cpu = cpu_ms(), took;
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6007, true);
	r.peer.total = r.plain.total = 10;
	r.peer.ending = r.plain.ending = END_NEVER;
	r.setup.idle_ms = 300;
	run_all(&r);
	took = deadline_now() - began;
	expect(&r, r.result.outcome == RELAY_IDLE && r.result.first == RELAY_END_TIMEOUT);
	expect(&r, took >= 290 && took < 5000);
	expect(&r, strstr(r.result.reason, "--idle-timeout") != NULL);
	expect(&r, cpu_ms() - cpu < 100); /* it waits, and does not spin */
	expect(&r, !r.tls.closed && !r.plain.got_end);
	(void)alarm(0);
}

static void
close_timeout_ends_a_session_of_which_one_side_has_ended(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	for (unsigned i = 0; i < 2; i++) {
		run_open(&r, 6008 + i, true);
		r.peer.ending = i == 0 ? END_CLEAN : END_NEVER;
		r.plain.ending = i == 0 ? END_NEVER : END_CLEAN;
		r.setup.close_ms = 200;
		run_all(&r);
		expect(&r, r.result.outcome == RELAY_IDLE);
		expect(&r, r.result.first == (i == 0 ? RELAY_END_PEER : RELAY_END_PLAIN));
		expect(&r, strstr(r.result.reason, "--close-timeout") != NULL);
	}
	(void)alarm(0);
}

/* An end that sends one byte every 100 ms, for longer than --close-timeout. */
static void *
dribble(void *argument)
{
	struct end *e = argument;
	struct timespec ts = { 0, 100 * 1000000 };

	for (size_t i = 0; i < e->total; i++) {
		unsigned char c = byte_at(i, e->flow);

		(void)nanosleep(&ts, NULL);
		if (send(e->fd, &c, 1, MSG_NOSIGNAL) == 1)
			e->sent++;
	}
	(void)shutdown(e->fd, SHUT_WR);
	e->ended = e->finished = true;
	return NULL;
}

static void
close_timeout_restarts_with_every_byte(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6010, true);
	r.plain.total = 8;
	r.setup.close_ms = 400;
	assert_int_equal(pthread_create(&r.peer.thread, NULL, live, &r.peer), 0);
	assert_int_equal(pthread_create(&r.plain.thread, NULL, dribble, &r.plain), 0);
	relay_run(&r.setup, &r.result);
	run_finish(&r);
	expect(&r, r.result.outcome == RELAY_DONE);
	expect(&r, r.peer.received == 8 && r.peer.got_end);
	(void)alarm(0);
}

static void *
pause_in_the_middle(void *argument)
{
	struct end *e = argument;
	struct timespec ts = { 1, 300 * 1000000 };
	unsigned char data[64];

	for (size_t i = 0; i < e->total; i++)
		data[i] = byte_at(i, e->flow);
	for (size_t half = e->total / 2; e->sent < e->total; e->sent += half) {
		(void)!send(e->fd, data + e->sent, half, MSG_NOSIGNAL);
		(void)nanosleep(&ts, NULL);
	}
	(void)shutdown(e->fd, SHUT_WR);
	e->ended = e->finished = true;
	return NULL;
}

static void
a_session_rests_once_a_pause_and_goes_on_with_every_byte(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6014, true);
	r.plain.total = 64;
	r.tls.mischief = 0;
	assert_int_equal(pthread_create(&r.peer.thread, NULL, live, &r.peer), 0);
	assert_int_equal(pthread_create(&r.plain.thread, NULL, pause_in_the_middle, &r.plain), 0);
	relay_run(&r.setup, &r.result);
	run_finish(&r);
	expect(&r, r.result.outcome == RELAY_DONE);
	expect(&r, r.peer.received == 64 && r.peer.in_order);
	expect(&r, r.tls.rests == 2);
	(void)alarm(0);
}

/*
 * The peer is cut and the plain side reads nothing: what was read cannot be delivered, and the
 * relay must still end.
 */
static void
what_a_cut_peer_had_sent_is_delivered_within_close_timeout(void **state)
{
	int64_t began = deadline_now();
	unsigned char waste[1000];
	struct run r;
	ssize_t n;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6011, false); /* odd and a multiple of 3 or not: the Unix pair is full soon */
	r.peer.total = 2000000;
	r.peer.ending = END_CUT;
	r.setup.close_ms = 300;
	r.setup.idle_ms = 600;
	assert_int_equal(pthread_create(&r.peer.thread, NULL, live, &r.peer), 0);
	relay_run(&r.setup, &r.result);
	(void)close(r.relay_plain);
	(void)close(r.tls.fd);
	(void)pthread_join(r.peer.thread, NULL);
	while ((n = read(r.plain.fd, waste, sizeof(waste))) > 0)
		take(&r.plain, waste, (size_t)n);
	(void)close(r.plain.fd);
	if (r.peer.fd != -1)
		(void)close(r.peer.fd);
	expect(&r, r.result.outcome != RELAY_DONE);
	expect(&r, r.plain.in_order && r.plain.received == r.result.in);
	expect(&r, deadline_now() - began < 5000);
	(void)alarm(0);
}

static void
on_term(int signal)
{
	(void)signal;
}

static void *
terminate(void *argument)
{
	struct timespec ts = { 0, 150 * 1000000 };

	(void)argument;
	(void)nanosleep(&ts, NULL);
	(void)kill(getpid(), SIGTERM);
	return NULL;
}

/* The signal is blocked except in the wait, as in session.c. */
static void
run_with_signal(struct run *r)
{
	struct sigaction act = { .sa_handler = on_term };
	sigset_t block, before;
	pthread_t killer;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaction(SIGTERM, &act, NULL);
	(void)pthread_sigmask(SIG_BLOCK, &block, &before);
	run_start(r);
	assert_int_equal(pthread_create(&killer, NULL, terminate, NULL), 0);
	relay_run(&r->setup, &r->result);
	run_finish(r);
	(void)pthread_join(killer, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)signal(SIGTERM, SIG_DFL);
}

static void
a_signal_ends_an_idle_session_as_cut(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6012, true);
	r.peer.total = r.plain.total = 5000;
	r.peer.ending = r.plain.ending = END_NEVER;
	run_with_signal(&r);
	expect(&r, r.result.outcome == RELAY_STOPPED && r.result.first == RELAY_END_SIGNAL);
	expect(&r, r.plain.received == 5000 && r.peer.received == 5000);
	expect(&r, !r.tls.closed && !r.plain.got_end);
	(void)alarm(0);
}

static void
a_signal_ends_a_session_that_never_has_to_wait(void **state)
{
	struct run r;

	(void)state;
	(void)alarm(SECONDS);
	run_open(&r, 6014, false);
	r.peer.total = r.plain.total = (size_t)1
	    << 40; /* more than can be sent before the signal */
	run_with_signal(&r);
	expect(&r, r.result.outcome == RELAY_STOPPED);
	/* Everything that the relay has counted was delivered. */
	expect(&r, r.plain.received == r.result.in && r.peer.received == r.result.out);
	(void)alarm(0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_peer_never_looks_complete),
		cmocka_unit_test(a_peer_that_breaks_the_protocol_never_looks_complete),
		cmocka_unit_test(a_reset_plain_side_never_looks_complete),
		cmocka_unit_test(a_plain_side_that_stops_reading_never_looks_complete),
		cmocka_unit_test(a_peer_that_leaves_before_it_has_read_everything_is_reported),
		cmocka_unit_test(a_peer_that_said_close_notify_and_left_early_was_not_cut),
		cmocka_unit_test(a_flush_that_fails_ends_the_session),
		cmocka_unit_test(a_write_that_blocked_is_tried_again_after_a_flush_that_did_not),
		cmocka_unit_test(a_read_that_wants_to_write_is_tried_again_without_new_bytes),
		cmocka_unit_test(idle_timeout_ends_a_session_in_which_nothing_moves),
		cmocka_unit_test(close_timeout_ends_a_session_of_which_one_side_has_ended),
		cmocka_unit_test(close_timeout_restarts_with_every_byte),
		cmocka_unit_test(a_session_rests_once_a_pause_and_goes_on_with_every_byte),
		cmocka_unit_test(what_a_cut_peer_had_sent_is_delivered_within_close_timeout),
		cmocka_unit_test(a_signal_ends_an_idle_session_as_cut),
		cmocka_unit_test(a_signal_ends_a_session_that_never_has_to_wait),
		cmocka_unit_test(close_notify_becomes_fin_and_the_answer_still_comes),
		cmocka_unit_test(fin_becomes_close_notify_and_the_peer_goes_on),
		cmocka_unit_test(all_bytes_arrive_and_both_ends_are_passed_on),
	};

	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
