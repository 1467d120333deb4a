/* Read-ahead and gathered writes. */

#include "tls/transport.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define HEAD 5 /* of a record: type, version, length (RFC 8446, 5.1) */

/* Static: a page takes memory only once a byte reaches it. */
static _Alignas(PAGE) unsigned char in_buffer[TRANSPORT_IN], out_buffer[TRANSPORT_OUT];

void
transport_init(struct transport *t, int fd_in, int fd_out)
{
	t->fd_in = fd_in;
	t->fd_out = fd_out;
	t->eof = t->keeps_end = t->started = false;
	t->reads = 0;
	t->records = t->head = 0;
	t->records_max = UINT_MAX;
	t->body = 0;
	t->in_at = t->in_end = t->out_at = t->out_end = 0;
	t->in = in_buffer;
	t->out = out_buffer;
}

static void
arrived(struct transport *t, size_t n)
{
	if (!t->started)
		t->first = t->in[t->in_end];
	t->started = true;
	t->in_end += n;
}

void
transport_preload(struct transport *t, const void *data, size_t n)
{
	memcpy(t->in + t->in_end, data, n);
	arrived(t, n);
}

void
transport_turn(struct transport *t, int reads)
{
	t->reads = reads;
}

/* Counts the records that begin in the bytes that GnuTLS takes. */
static void
count_records(struct transport *t, const unsigned char *data, size_t n)
{
	for (size_t i = 0; i < n;) {
		if (t->body > 0) {
			size_t skip = t->body < n - i ? t->body : n - i;

			t->body -= skip;
			i += skip;
			continue;
		}
		if (++t->head == 1)
			t->type = data[i];
		if (t->head == HEAD - 1)
			t->length = data[i];
		if (t->head == HEAD) {
			t->body = (size_t)t->length << 8 | data[i];
			t->head = 0;
			t->records++;
		}
		i++;
	}
}

bool
transport_within_record(const struct transport *t)
{
	return t->body > 0 || t->head > 0;
}

ssize_t
transport_pull(struct transport *t, void *data, size_t n)
{
	if (t->records > t->records_max && !transport_within_record(t)) {
		errno = EAGAIN;
		return -1;
	}
	if (t->in_at == t->in_end) {
		ssize_t got;

		if (t->reads-- <= 0) {
			errno = EAGAIN;
			return -1;
		}
		t->in_at = t->in_end = 0;
		if ((got = read(t->fd_in, t->in, TRANSPORT_IN)) <= 0) {
			t->eof = got == 0;
			if (!t->eof || !t->keeps_end || transport_within_record(t))
				return got;
			errno = EAGAIN;
			return -1;
		}
		arrived(t, (size_t)got);
	}
	if (n > t->in_end - t->in_at)
		n = t->in_end - t->in_at;
	memcpy(data, t->in + t->in_at, n);
	count_records(t, data, n);
	t->in_at += n;
	return (ssize_t)n;
}

ssize_t
transport_push(struct transport *t, const void *data, size_t n)
{
	if (n > TRANSPORT_OUT - t->out_end && transport_flush(t) == -1)
		return -1;
	if (t->out_at > 0) {
		memmove(t->out, t->out + t->out_at, t->out_end - t->out_at);
		t->out_end -= t->out_at;
		t->out_at = 0;
	}
	if (n > TRANSPORT_OUT - t->out_end)
		n = TRANSPORT_OUT - t->out_end;
	if (n == 0) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(t->out + t->out_end, data, n);
	t->out_end += n;
	return (ssize_t)n;
}

int
transport_flush(struct transport *t)
{
	while (t->out_at < t->out_end) {
		ssize_t n = write(t->fd_out, t->out + t->out_at, t->out_end - t->out_at);

		if (n == -1 && errno == EAGAIN)
			return 1;
		if (n == -1)
			return -1;
		t->out_at += (size_t)n;
	}
	t->out_at = t->out_end = 0;
	return 0;
}

const unsigned char *
transport_last(const struct transport *t, size_t n)
{
	return t->in_at >= n ? t->in + t->in_at - n : NULL;
}

void
transport_rest(struct transport *t)
{
	if (t->in_at == t->in_end) {
		t->in_at = t->in_end = 0;
		(void)madvise(t->in, TRANSPORT_IN, MADV_DONTNEED);
	}
	if (t->out_at == t->out_end)
		(void)madvise(t->out, TRANSPORT_OUT, MADV_DONTNEED);
}

bool
transport_pending(const struct transport *t)
{
	return t->in_at < t->in_end;
}
