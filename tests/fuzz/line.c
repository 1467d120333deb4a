/*
 * libFuzzer: what the protocols of lines read, on a socket pair.  The first byte of the input says
 * which protocol, and what is called; the other end sends the rest in pieces (pieces.h).  This file
 * has its own wait, and its own TLS, instead of the real ones.
 */

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/line.h"
#include "protocol/line_words.h"
#include "tls/peer.h"
#include "pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ours; /* the descriptor that is given to what is called */

int
deadline_wait_fd(int fd, short events, int64_t deadline)
{
	check(fd == ours && events == POLLIN && deadline == 4711);
	return send_piece();
}

int64_t
deadline_after(int64_t ms)
{
	check(ms == 815);
	return 4711;
}

ssize_t
peer_read(struct tls *t, void *data, size_t n, int64_t deadline)
{
	ssize_t got;

	(void)t;
	check(deadline == 4711);
	while ((got = read(ours, data, n)) == -1)
		if (send_piece() <= 0)
			return TLS_FAILED;
	return got;
}

void
peer_leave(int fd_in, int fd_out)
{
	check(fd_in == ours && fd_out == ours);
}

ssize_t
tls_write(struct tls *t, const void *data, size_t n)
{
	(void)t;
	return write(ours, data, n);
}

static void say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(const char *kind, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	check(strcmp(kind, "ok") == 0 || strcmp(kind, "warning") == 0);
}

/* All that was said to the other end: whole lines of text. */
static size_t
check_said(char *said, size_t size)
{
	ssize_t n = recv(other.fd, said, size - 1, MSG_DONTWAIT);
	size_t len = n > 0 ? (size_t)n : 0;

	said[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if (said[i] == '\n')
			check(i > 0 && said[i - 1] == '\r');
		else if (said[i] == '\r')
			check(said[i + 1] == '\n');
		else
			check(said[i] >= ' ' && said[i] <= '~');
	check(len == 0 || said[len - 1] == '\n');
	return len;
}

static void
check_nothing_left(void)
{
	int left = 0;

	check(ioctl(ours, FIONREAD, &left) == 0 && left == 0);
}

/* Whether the last line of what was said has that in it. */
static int
ends_with(const char *said, size_t len, const char *text)
{
	size_t n = strlen(text);

	return len >= n && memcmp(said + len - n, text, n) == 0;
}

static void
negotiate(struct protocol_talk *t)
{
	static char said[200000];
	enum protocol_verdict verdict = line_negotiate(t, ours, 4711);
	size_t len = check_said(said, sizeof(said));
	int went = ends_with(said, len, "begin TLS now\r\n");

	check(verdict == PROTOCOL_HANDSHAKE || verdict == PROTOCOL_REFUSED ||
	    verdict == PROTOCOL_STOPPED);
	check((verdict == PROTOCOL_HANDSHAKE) == went);
	check(verdict != PROTOCOL_REFUSED || t->reason != NULL);
	if (went)
		check_nothing_left();
}

static void
ask_for_tls(struct protocol_talk *t)
{
	static char said[200000];
	enum protocol_verdict verdict = line_ask_for_tls(t, ours, 4711);
	struct protocol_start start = { .talk = t, .fd_out = ours };
	size_t len = check_said(said, sizeof(said));

	check(verdict != PROTOCOL_REFUSED || t->reason != NULL);
	if (verdict == PROTOCOL_HANDSHAKE) {
		check(ends_with(said, len, "TLS\r\n") || ends_with(said, len, "STLS\r\n"));
		check(t->greeting >= 4 && t->greeting <= sizeof(t->read));
		check(memcmp(t->read + t->greeting - 2, "\r\n", 2) == 0);
		check(memchr(t->read, '\0', t->greeting) == NULL);
		check(memchr(t->read, '\n', t->greeting - 1) == NULL);
		check_nothing_left();
		check(line_pass_greeting(&start, 815) == PROTOCOL_PASSED);
		check(start.in == t->greeting);
	} else
		line_tell_local(t, ours, ours, t->reason, 4711);
}

static void
call(int which, struct protocol_talk *t)
{
	static char said[200000];
	struct protocol_service service = {
		.protocol = t->protocol, .fd = ours, .name = "name", .source = "source"
	};

	switch (which) {
	case 0: negotiate(t); break;
	case 1: check(line_hear_greeting(t, ours, 4711) == 0 || t->reason != NULL); break;
	case 2: ask_for_tls(t); break;
	case 3:
		if (line_tell_unavailable(t, NULL,
			"be\x01"
			"cause\r\n",
			4711))
			check(check_said(said, sizeof(said)) > 0);
		break;
	default: line_check(&service, say, 4711);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct line_words *const words[] = { &line_smtp, &line_pop3, &line_imap,
		&line_nntp };
	struct protocol protocol = { .name = "name" };
	struct protocol_talk t = { .protocol = &protocol, .host = "mail.example.org" };
	int pair[2];

	if (size < 1 || size > 32768)
		return 0;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	check(fcntl(pair[0], F_SETFL, O_NONBLOCK) == 0);
	ours = pair[0];
	begin_pieces(pair[1], data + 1, size - 1);
	protocol.words = words[data[0] % 4];
	call(data[0] / 4 % 5, &t);
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
