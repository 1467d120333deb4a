#ifndef INETLS_FUZZ_PIECES_H
#define INETLS_FUZZ_PIECES_H

/*
 * The other end of a socket pair, for a fuzzer.  Its input says what that end does: it sends
 * pieces, each a length byte and that many bytes, and the last byte says how it goes on.  A piece
 * is sent whenever the reader waits, so that a message can be cut anywhere.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/deadline.h"

static struct {
	int fd;
	const uint8_t *data;
	size_t size;
	uint8_t sent[65536];
	size_t sent_len;
	int ended;
} other;

static void
check(int condition)
{
	if (!condition)
		abort();
}

static void
begin_pieces(int fd, const uint8_t *data, size_t size)
{
	other.fd = fd;
	other.data = data;
	other.size = size;
	other.sent_len = 0;
	other.ended = 0;
}

static int
last_words(void)
{
	static const int ends[] = { POLLIN, DEADLINE_OVER, DEADLINE_STOP, DEADLINE_ERROR };
	int end = ends[other.size > 0 ? other.data[0] % 4 : 0];

	check(!other.ended || end != POLLIN); /* waiting again would be a loop */
	other.ended = 1;
	(void)shutdown(other.fd, SHUT_WR);
	return end;
}

static int
send_piece(void)
{
	size_t n;

	if (other.size < 2 || other.data[0] == 0)
		return last_words();
	n = other.data[0];
	if (n > other.size - 1)
		n = other.size - 1;
	check(send(other.fd, other.data + 1, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n);
	check(other.sent_len + n <= sizeof(other.sent));
	memcpy(other.sent + other.sent_len, other.data + 1, n);
	other.sent_len += n;
	other.data += n + 1;
	other.size -= n + 1;
	return POLLIN;
}

#endif
