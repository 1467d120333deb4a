/* Answers PostgreSQL clients whose session ends before the relay. */

#include "protocol/pgsql_end.h"

#include <unistd.h>

#include "base/deadline.h"
#include "protocol/clear.h"
#include "protocol/pgsql.h"
#include "protocol/pgsql_names.h"
#include "tls/peer.h"

/* Reads the peer's whole StartupMessage from TLS.  Returns whether it was one. */
static bool
read_startup(struct tls *tls, struct protocol_heard *h, int64_t deadline)
{
	unsigned char startup[PGSQL_STARTUP_MAX];
	size_t have = 0, length = PGSQL_HEAD;

	while (have < length) {
		ssize_t n = peer_read(tls, startup + have, sizeof(startup) - have, deadline);

		if (n <= 0)
			return false;
		(void)pgsql_hear(h, startup + have, (size_t)n);
		have += (size_t)n;
		if (have >= PGSQL_HEAD && pgsql_classify(startup, &length) != PGSQL_STARTUP)
			return false;
	}
	return true;
}

/*
 * Read the StartupMessage first: closing with unread bytes causes a reset, which would destroy the
 * answer.  Always answer 57P03: for any other code pg_isready takes the server for running, and
 * libpq tries no further host of its list.
 */
bool
pgsql_tell_unavailable(
    struct protocol_talk *t, struct tls *tls, const char *reason, int64_t deadline)
{
	unsigned char packet[1024];
	size_t length;

	if (!read_startup(tls, &t->heard, deadline))
		return false;
	length = pgsql_error(packet, sizeof(packet), "57P03",
	    "the database behind this TLS port is not available", reason, NULL);
	return tls_write(tls, packet, length) == (ssize_t)length;
}

bool
pgsql_tell_direct(struct protocol_talk *t, struct tls *tls, int64_t deadline)
{
	unsigned char packet[256];
	size_t length;

	if (!read_startup(tls, &t->heard, deadline))
		return false;
	length = pgsql_error(packet, sizeof(packet), "28000", "this port takes no TLS", NULL,
	    "Connect with sslmode=disable: inetls-wrap -c encrypts on the way to the server.");
	return tls_write(tls, packet, length) == (ssize_t)length;
}

int
pgsql_pass_cancel(struct protocol_talk *t, int service, int64_t deadline)
{
	char answer[64];

	/* A new socket's queue has room for that at once. */
	if (write(service, t->read, t->len) != (ssize_t)t->len) {
		t->reason = "the CancelRequest could not be passed on";
		return -1;
	}
	/* PostgreSQL's only answer is to close. */
	while (deadline_wait_fd(service, POLLIN, deadline) > 0 &&
	    read(service, answer, sizeof(answer)) > 0)
		continue;
	return 0;
}

bool
pgsql_is_cancel(const struct protocol_heard *h, uint64_t said)
{
	size_t length;

	return h->len >= PGSQL_HEAD && pgsql_classify(h->begin, &length) == PGSQL_CANCEL &&
	    said == length;
}

void
pgsql_tell_local(
    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline)
{
	unsigned char buf[PGSQL_STARTUP_MAX];
	size_t length;

	if (t->rest == 0 || clear_read_exactly(fd_in, buf, t->rest, NULL, deadline) != CLEAR_DONE)
		return;
	(void)pgsql_hear(&t->heard, t->read, PGSQL_HEAD);
	(void)pgsql_hear(&t->heard, buf, t->rest);
	length = pgsql_error(
	    buf, sizeof(buf), "57P03", "the database cannot be reached through TLS", reason, NULL);
	(void)clear_write_all(fd_out, buf, length, deadline);
}
