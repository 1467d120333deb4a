/*
 * libFuzzer: what strangers say before TLS, other than PostgreSQL's (pgsql_*.c): mail and news, as
 * server and as client; the PROXY header; the names in PostgreSQL's first message.  Also the list
 * of
 * --proxy-in.  The first byte says which; the rest is all that the other side sends before it ends.
 */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "protocol/protocol.h"
#include "protocol/protocols.h"
#include "protocol/proxy.h"
#include "protocol/proxy_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SERVER, CLIENT, SERVICE, PROXY, LIST, HEAR, KINDS };

static void
check(int condition)
{
	if (!condition)
		abort();
}

/* One of the protocols of lines, by a number. */
static const struct protocol *
pick(unsigned number)
{
	const struct protocol *p, *found[16];
	unsigned n = 0;

	for (size_t i = 0; (p = protocols_at(i)) != NULL; i++)
		if (p->words != NULL && n < 16)
			found[n++] = p;
	check(n > 0);
	return found[number % n];
}

static void
talk(int kind, const struct protocol *protocol, int fd, int64_t deadline)
{
	struct protocol_talk t = { .protocol = protocol, .host = "localhost" };
	enum protocol_verdict v = PROTOCOL_HANDSHAKE;

	if (kind == SERVER)
		v = t.protocol->negotiate(&t, fd, deadline);
	else if (kind == CLIENT)
		v = t.protocol->ask_for_tls(&t, fd, deadline);
	else if (t.protocol->hear_greeting(&t, fd, deadline) == -1)
		v = PROTOCOL_REFUSED;
	check(v != PROTOCOL_REFUSED || t.reason != NULL);
	check(t.len <= sizeof(t.read) && t.greeting <= sizeof(t.read));
}

static void
read_header(int fd, int64_t deadline, size_t sent)
{
	struct address from = { .len = 0 };
	enum proxy_verdict v = proxy_read(fd, deadline, &from);
	char rest[4096];
	size_t left = 0;
	ssize_t n;

	while ((n = read(fd, rest, sizeof(rest))) > 0)
		left += (size_t)n;
	/* Version 1 has 107 bytes at most, and nothing behind a header is taken. */
	check(v != PROXY_OK || sent - left <= PROXY_MAX);
	check(v == PROXY_OK || from.len == 0);
}

/* The list is text that ends where its memory ends. */
static void
settle(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *settled, *again;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if ((settled = proxy_list_settle(text)) != NULL) {
		check((again = proxy_list_settle(settled)) != NULL && strcmp(again, settled) == 0);
		free(again);
	}
	free(settled);
	free(text);
}

/* The same message in pieces of any size is heard in the same way. */
static void
hear(const uint8_t *data, size_t size)
{
	const struct protocol *p = protocols_by_name("pgsql");
	struct protocol_heard whole = { .len = 0 }, pieces = { .len = 0 };
	size_t step = size > 0 ? data[0] % 16u + 1 : 1;

	(void)p->hear(&whole, data, size);
	for (size_t i = 0; i < size; i += step)
		if (!p->hear(&pieces, data + i, size - i < step ? size - i : step))
			break;
	check(whole.whole == pieces.whole);
	check(!whole.whole || memcmp(whole.names, pieces.names, sizeof(whole.names)) == 0);
	(void)p->is_cancel(&whole, size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2], kind = size > 0 ? data[0] % KINDS : KINDS;

	if (kind == LIST)
		settle(data + 1, size - 1);
	if (kind == HEAR)
		hear(data + 1, size - 1);
	if (kind > PROXY)
		return 0;
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	if (send(pair[1], data + 1, size - 1, MSG_NOSIGNAL) == (ssize_t)size - 1) {
		check(shutdown(pair[1], SHUT_WR) == 0);
		if (kind == PROXY)
			read_header(pair[0], deadline_after(2000), size - 1);
		else
			talk(kind, pick(data[0] / KINDS), pair[0], deadline_after(2000));
	}
	(void)close(pair[0]);
	(void)close(pair[1]);
	return 0;
}
