/*
 * libFuzzer: pgsql_negotiate on a socket pair, whose other end sends the input in pieces
 * (pieces.h).  This file has its own wait instead of the real one.
 */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/pgsql.h"
#include "pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
deadline_wait_fd(int fd, short events, int64_t deadline)
{
	(void)fd;
	check(events == POLLIN && deadline == 4711);
	check(!other.ended); /* the other end has ended; waiting again would be a loop */
	return send_piece();
}

/* N at most once, then S or an ErrorResponse or nothing; no other byte may ever be sent. */
static size_t
check_answer(enum protocol_verdict verdict)
{
	uint8_t said[4096];
	ssize_t n = recv(other.fd, said, sizeof(said), MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n : 0, gssenc = len > 0 && said[0] == 'N';
	const uint8_t *at = said + gssenc;

	len -= gssenc;
	if (verdict == PROTOCOL_HANDSHAKE)
		check(len == 1 && at[0] == 'S');
	else if (len > 0)
		check(verdict == PROTOCOL_REFUSED && at[0] == 'E' && len > 5 && at[1] == 0 &&
		    at[2] == 0 && len - 1 == (size_t)at[3] * 256 + at[4] && at[len - 1] == 0);
	return gssenc * PGSQL_HEAD;
}

/* Checks that exactly what the request needs was taken from the socket. */
static void
check_taken(const struct protocol_talk *p, enum protocol_verdict verdict, size_t before, int fd)
{
	int left = 0;
	size_t taken;

	check(ioctl(fd, FIONREAD, &left) == 0);
	taken = other.sent_len - (size_t)left;
	if (verdict == PROTOCOL_HANDSHAKE)
		check(taken == before + PGSQL_HEAD && left == 0);
	if (verdict == PROTOCOL_DIRECT)
		check(taken == before + PGSQL_HEAD && p->len == PGSQL_HEAD);
	if (verdict == PROTOCOL_CANCEL)
		check(taken == before + p->len && p->len >= 16 && p->len <= PGSQL_CANCEL_MAX);
	if (verdict == PROTOCOL_DIRECT || verdict == PROTOCOL_CANCEL)
		check(memcmp(p->read, other.sent + before, p->len) == 0);
	if (verdict == PROTOCOL_REFUSED)
		check(p->reason != NULL && taken <= before + PGSQL_STARTUP_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct protocol_talk p = { .len = 0 };
	enum protocol_verdict verdict;
	int pair[2];

	if (size > 32768)
		return 0;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	check(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	begin_pieces(pair[1], data, size);
	verdict = pgsql_negotiate(&p, pair[0], 4711);
	check_taken(&p, verdict, check_answer(verdict), pair[0]);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
