/* Reads and writes exact numbers of bytes in clear, by a deadline. */

#include "protocol/clear.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"

/* What to do after a failed call; CLEAR_DONE means try again. */
static enum clear_io
wait_again(int fd, short events, int64_t deadline)
{
	if (errno != EAGAIN)
		return CLEAR_GONE;
	switch (deadline_wait_fd(fd, events, deadline)) {
	case DEADLINE_OVER: return CLEAR_OVER;
	case DEADLINE_STOP: return CLEAR_STOPPED;
	case DEADLINE_ERROR: return CLEAR_GONE;
	}
	return CLEAR_DONE;
}

enum clear_io
clear_read_exactly(int fd, void *data, size_t n, size_t *have, int64_t deadline)
{
	enum clear_io how = CLEAR_DONE;
	size_t all = 0;

	while (all < n && how == CLEAR_DONE) {
		ssize_t got = read(fd, (unsigned char *)data + all, n - all);

		if (got > 0)
			all += (size_t)got;
		else
			how = got == 0 ? CLEAR_GONE : wait_again(fd, POLLIN, deadline);
	}
	if (have != NULL)
		*have = all;
	return how;
}

enum clear_io
clear_peek(int fd, void *data, size_t n, size_t *have, int64_t deadline)
{
	enum clear_io how = CLEAR_DONE;
	ssize_t got;

	while ((got = recv(fd, data, n, MSG_PEEK)) == -1 &&
	    (how = wait_again(fd, POLLIN, deadline)) == CLEAR_DONE)
		continue;
	*have = got > 0 ? (size_t)got : 0;
	return got > 0 ? CLEAR_DONE : got == 0 ? CLEAR_GONE : how;
}

enum clear_io
clear_write_all(int fd, const void *data, size_t n, int64_t deadline)
{
	const unsigned char *at = data;
	enum clear_io how = CLEAR_DONE;

	while (n > 0 && how == CLEAR_DONE) {
		ssize_t sent = write(fd, at, n);

		if (sent >= 0) {
			at += sent;
			n -= (size_t)sent;
		} else
			how = wait_again(fd, POLLOUT, deadline);
	}
	return how;
}

bool
clear_is_stuffed(int fd)
{
	unsigned char next;

	return recv(fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

enum protocol_verdict
clear_refuse(struct protocol_talk *t, const char *reason)
{
	t->reason = reason;
	return PROTOCOL_REFUSED;
}

enum protocol_passed
clear_passed(enum clear_io how)
{
	switch (how) {
	case CLEAR_OVER: return PROTOCOL_LATE;
	case CLEAR_STOPPED: return PROTOCOL_ENDED;
	case CLEAR_GONE: return PROTOCOL_DEAF;
	case CLEAR_DONE: break;
	}
	return PROTOCOL_PASSED;
}
