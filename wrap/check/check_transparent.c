/* --check: whether the kernel brings back to us what is sent to a client's address, for -T. */

#include "check/check_state.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "service/transparent.h"

#define BACK_MS 1500 /* TCP tries again after a second */

/* Addresses that nobody has (RFC 5737, RFC 3849). */
static const char *
nobody_of(int family)
{
	return family == AF_INET ? "192.0.2.1" : "2001:db8::1";
}

static const char *
what_to_type(int family)
{
	return family == AF_INET ? "ip rule add from 127.0.0.1/8 iif lo table 123 && "
				   "ip route add local 0.0.0.0/0 dev lo table 123" :
				   "ip -6 rule add from ::1/128 iif lo table 123 && "
				   "ip -6 route add local ::/0 dev lo table 123";
}

void
check_somebody(int family, struct address *out)
{
	(void)address_parse_ip(nobody_of(family), out);
}

/*
 * Connects to our own listening socket as that client would come to the service: 0, or -1 with
 * errno.
 */
static int
try_connect(int listening, int fd, int family)
{
	struct address to, from;

	check_somebody(family, &from);
	address_get_self(listening, &to);
	if (transparent_bind(fd, &from) == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&to.sa, to.len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -1;
	if (deadline_wait_fd(listening, POLLIN, deadline_after(BACK_MS)) > 0)
		return 0;
	errno = ETIMEDOUT;
	return -1;
}

/* A socket that listens on a free port of loopback, or -1 with errno. */
static int
listen_here(int family)
{
	struct address here;
	int error, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)address_parse_ip(family == AF_INET ? "127.0.0.1" : "::1", &here);
	if (fd != -1 && bind(fd, (struct sockaddr *)&here.sa, here.len) == 0 && listen(fd, 1) == 0)
		return fd;
	error = errno;
	if (fd != -1)
		(void)close(fd);
	errno = error;
	return -1;
}

/* Whether answers come back: 0, or -1 with errno. */
static int
come_back(int listening, int fd, int family)
{
	return transparent_prepare(fd, family, NULL) == -1 ? -1 :
							     try_connect(listening, fd, family);
}

static void
say_not_tried(struct check *c, const char *name)
{
	struct failure why;

	if (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL)
		return; /* IPv6 is switched off */
	failure_set(&why, EX_OSERR, "-T: %s: socket for the trial: %s", name, strerror(errno));
	check_say_error(c, &why);
}

bool
check_transparent(struct check *c, int family)
{
	const char *name = family == AF_INET ? "IPv4" : "IPv6";
	struct failure why;
	int r, error, fd = -1, listening = listen_here(family);

	if (listening != -1)
		fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1) {
		say_not_tried(c, name);
		if (listening != -1)
			(void)close(listening);
		return false;
	}
	r = come_back(listening, fd, family);
	error = errno;
	(void)close(fd);
	(void)close(listening);
	if (r == 0) {
		check_say("ok",
		    "-T: %s: what the service answers to a client's address comes back to us",
		    name);
		return true;
	}
	failure_set(&why, EX_CONFIG,
	    "-T: %s: what the service answers to a client's address does not come back to us (%s); run "
	    "make transparent, or type: %s",
	    name, strerror(error), what_to_type(family));
	check_say_error(c, &why);
	return false;
}
