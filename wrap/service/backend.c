/*
 * The plain side: opened while the process is privileged, connected late.  A cut session ends it
 * with a reset, a complete one with a normal end.
 */

#include "service/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address_kind.h"
#include "base/deadline.h"
#include "base/socket.h"
#include "base/socket_linux.h"
#include "protocol/protocols.h"
#include "service/transparent.h"

static int
bind_source(int fd, const struct address *source, const char *text, struct failure *why)
{
	socket_choose_port_late(fd);
	if (bind(fd, (const struct sockaddr *)&source->sa, source->len) == 0)
		return 0;
	return failure_set(why, EX_CONFIG, "-I %s: bind: %s; it must be an address of this machine",
	    text, strerror(errno));
}

/* fd, or -1 with *why and errno. */
static int
make_socket(const struct address *to, const struct options *o, struct failure *why)
{
	int family = to->sa.ss_family, r = 0;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return failure_set(why, EX_OSERR, "socket: %s", strerror(errno));
	if (family != AF_UNIX) {
		socket_tune(fd, !address_is_loopback(to));
		socket_arm(fd);
	}
	if (o->transparent != OPAQUE)
		r = transparent_prepare(fd, family, why);
	else if (o->source != NULL)
		r = bind_source(fd, &o->source_address, o->source, why);
	if (r == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Whether a socket of that family can have the address of -I. */
static bool
fits_source(const struct options *o, int family)
{
	return o->source == NULL || o->source_address.sa.ss_family == family;
}

static int
open_socket(struct backend *b, int i, const struct options *o, struct failure *why)
{
	const struct address *to = &b->addresses.at[i];

	if (o->transparent != OPAQUE && !address_is_loopback(to))
		return failure_set(why, EX_USAGE, OPTIONS_NOT_LOCAL, o->backend_text);
	if (o->transparent == OPAQUE && !fits_source(o, to->sa.ss_family))
		return 0;
	if ((b->sockets[i] = make_socket(to, o, why)) == -1) {
		if (errno != EAFNOSUPPORT)
			return -1;
		*why = (struct failure){ .code = EX_OK }; /* a kernel without IPv6 */
	}
	return 0;
}

void
backend_init(struct backend *b)
{
	*b = (struct backend){ .fd = -1, .name = "-", .source = "-" };
	for (int i = 0; i < ADDRESS_MAX; i++)
		b->sockets[i] = -1;
}

/*
 * Follows a symbolic link to a socket: after chroot into the link's own directory its target could
 * not be reached.  The result lives as long as the process.
 */
static const char *
follow(const char *path)
{
	struct stat st;
	struct address a;
	char *end = lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL) : NULL;

	if (end != NULL && address_unix(end, &a) == 0)
		return end;
	free(end);
	return path;
}

static int
refuse_family(const struct options *o, struct failure *why)
{
	if (o->source != NULL)
		return failure_set(why, EX_CONFIG, "-r %s: no address of the family of -I %s",
		    o->backend_text, o->source);
	return failure_set(why, EX_CONFIG,
	    "-r %s: this process may make no such socket, by the kernel or by "
	    "RestrictAddressFamilies= of its unit; under systemd: make systemd FORCE=1 "
	    "BACKEND=%s",
	    o->backend_text, o->backend_text);
}

int
backend_open(struct backend *b, const struct options *o, struct failure *why)
{
	const struct protocol *p = o->protocol != NULL ? o->protocol :
							 protocols_by_port(o->backend.port);
	int usable = 0;

	b->tcp = o->backend_path == NULL;
	b->path = o->backend_path;
	b->absent = !o->client && p != NULL ? p->absent : NULL;
	if (b->tcp) {
		if (address_resolve(&o->backend, false, &b->addresses, why) == -1)
			return -1;
	} else {
		if (address_unix(b->path, &b->addresses.at[b->addresses.n++]) == -1)
			return failure_set(
			    why, EX_USAGE, "%s: too long for a Unix socket", b->path);
		b->real = follow(b->path);
	}
	for (int i = 0; i < b->addresses.n; i++) {
		if (open_socket(b, i, o, why) == -1)
			return -1;
		usable += b->sockets[i] != -1 && fits_source(o, b->addresses.at[i].sa.ss_family);
	}
	return usable > 0 ? 0 : refuse_family(o, why);
}

void
backend_root(const struct backend *b, char *dir, size_t size)
{
	const char *slash = b->real == NULL ? NULL : strrchr(b->real, '/');

	if (slash == NULL)
		dir[0] = '\0';
	else if (slash == b->real)
		(void)snprintf(dir, size, "/");
	else
		(void)snprintf(dir, size, "%.*s", (int)(slash - b->real), b->real);
}

void
backend_entered_root(struct backend *b)
{
	if (b->real != NULL)
		(void)address_unix(strrchr(b->real, '/'), &b->addresses.at[0]);
}

/* 0 connected; -1 with errno. */
static int
connect_one(int fd, const struct address *to, int64_t deadline)
{
	socklen_t len = sizeof(int);
	int error = 0, ready;

	if (connect(fd, (const struct sockaddr *)&to->sa, to->len) == 0)
		return 0;
	if (errno == EAGAIN)
		return -1; /* a Unix socket whose queue is full: poll cannot wait for room in it */
	if (errno != EINPROGRESS)
		return -1;
	switch (ready = deadline_wait_fd(fd, POLLOUT, deadline)) {
	case DEADLINE_OVER: errno = ETIMEDOUT; return -1;
	case DEADLINE_STOP: errno = EINTR; return -1;
	case DEADLINE_ERROR: return -1;
	}
	if (ready == POLLOUT)
		return 0; /* neither POLLERR nor POLLHUP */
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return -1;
	errno = error;
	return error == 0 ? 0 : -1;
}

static const char *
connect_hint(const struct backend *b, int error)
{
	if (error == EACCES || error == EPERM)
		return b->tcp ?
		    "" :
		    "; the user that the session becomes may not use that socket: see -s";
	if (error == EAGAIN)
		return "; the service does not accept: its queue is full";
	if (error == ETIMEDOUT && b->from.len != 0)
		return "; with -T the kernel must bring the answers of the service back: --check says "
		       "whether it does, and what to type";
	if (error == ETIMEDOUT)
		return "; the service does not answer within --connect-timeout";
	if (error != ECONNREFUSED && error != ENOENT)
		return "";
	if (!b->tcp)
		return "; nothing listens on that socket: is the service running, and is this its path?";
	return b->absent != NULL ? b->absent : "; nothing listens there: is the service running?";
}

bool
backend_has_family(const struct backend *b, int family)
{
	for (int i = 0; i < b->addresses.n; i++)
		if (b->sockets[i] != -1 && b->addresses.at[i].sa.ss_family == family)
			return true;
	return false;
}

static void
close_others(struct backend *b)
{
	for (int i = 0; i < ADDRESS_MAX; i++) {
		if (b->sockets[i] != -1 && b->sockets[i] != b->fd)
			(void)close(b->sockets[i]);
		b->sockets[i] = -1;
	}
}

/* The time for one address, so that a name with several does not spend all of it on the first. */
static int64_t
share(int64_t deadline, int left)
{
	int64_t now;

	if (deadline == DEADLINE_NEVER || left <= 1)
		return deadline;
	now = deadline_now();
	return now + (deadline - now) / left;
}

/* Notes our address.  With -T it must be the one that was wanted.  0, or -1 and *why. */
static int
check_source(struct backend *b, struct failure *why)
{
	if (b->tcp)
		address_of_self(b->fd, b->source);
	if (b->from.len == 0 || transparent_holds(b->fd, &b->from))
		return 0;
	backend_close(b);
	(void)strcpy(b->source, "-");
	return failure_set(why, EX_OK, "-T: not the address of one host");
}

int
backend_connect(struct backend *b, int64_t deadline, struct failure *why)
{
	int first_error = 0, left = 0;
	char first[ADDRESS_TEXT] = "";

	if (b->unfit.text[0] != '\0') {
		*why = b->unfit;
		return -1;
	}
	for (int i = 0; i < b->addresses.n; i++)
		left += b->sockets[i] != -1;
	for (int i = 0; i < b->addresses.n; i++) {
		if (b->sockets[i] == -1)
			continue;
		if (b->tcp)
			address_format(&b->addresses.at[i], b->name);
		else
			(void)snprintf(b->name, sizeof(b->name), "%s", b->path);
		if (connect_one(b->sockets[i], &b->addresses.at[i], share(deadline, left--)) == 0) {
			b->fd = b->sockets[i];
			close_others(b);
			return check_source(b, why);
		}
		if (first_error == 0) {
			first_error = errno;
			(void)strcpy(first, b->name);
		}
	}
	/*
	 * Show the first address in the log: for localhost the second is IPv6, which is seldom the
	 * one that was meant.
	 */
	(void)strcpy(b->name, first);
	close_others(b);
	return failure_set(why, EX_UNAVAILABLE, "connect %s: %s%s", first,
	    first_error == EINTR ? "ended by a signal" : strerror(first_error),
	    connect_hint(b, first_error));
}

void
backend_abort(struct backend *b, int64_t deadline)
{
	if (b->fd != -1)
		socket_abort(b->fd, deadline);
	b->fd = -1;
	backend_close(b);
}

void
backend_close(struct backend *b)
{
	close_others(b);
	if (b->fd == -1)
		return;
	if (b->tcp)
		socket_release(b->fd);
	(void)close(b->fd);
	b->fd = -1;
}
