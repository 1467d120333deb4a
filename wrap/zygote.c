/* Children by fork alone. */

#include "zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "deadline.h"
#include "log.h"

struct ready {
	int n, families[ADDRESS_MAX];
};

#define GIFTS_MAX (2 + ADDRESS_MAX)

union gifts {
	struct cmsghdr header;
	char space[CMSG_SPACE(GIFTS_MAX * sizeof(int))];
};

/* ---- the listener's side ---- */

int
zygote_hear(struct zygote *z)
{
	struct ready r;

	if (read(z->control, &r, sizeof(r)) != (ssize_t)sizeof(r))
		return -1;
	z->n = r.n;
	memcpy(z->families, r.families, sizeof(z->families));
	z->ready = true;
	z->end = deadline_after(ZYGOTE_MS);
	return 0;
}

static int
send_gifts(int control, bool has_channel, const int *fds, int n, struct failure *why)
{
	union gifts gifts = { .header = { .cmsg_len = CMSG_LEN((size_t)n * sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	char byte = (char)has_channel;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = gifts.space,
		.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };

	memcpy(CMSG_DATA(&gifts.header), fds, (size_t)n * sizeof(int));
	if (sendmsg(control, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
		return 0;
	return failure_set(
	    why, EX_OSERR, "the process that makes children does not listen: %s", strerror(errno));
}

int
zygote_ask(
    const struct zygote *z, const struct options *o, int control, int channel, struct failure *why)
{
	int fds[GIFTS_MAX] = { control, channel }, first = channel != -1 ? 2 : 1, n = first, r = 0;

	for (int i = 0; r == 0 && i < z->n; i++) {
		if ((fds[n] = backend_another(o, z->families[i], why)) == -1)
			r = -1;
		else
			n++;
	}
	if (r == 0)
		r = send_gifts(z->control, channel != -1, fds, n, why);
	while (n > first)
		(void)close(fds[--n]);
	return r;
}

int
zygote_leave(struct zygote *z)
{
	int control = z->control;

	if (control != -1)
		(void)shutdown(control, SHUT_WR);
	*z = (struct zygote){ .control = -1 };
	return control;
}

/* ---- its own ---- */

/* 0, or -1 where the listener wants no more, or what it gives cannot be taken. */
static int
receive_gifts(int control, struct zygote_gift *g)
{
	union gifts gifts;
	char has_channel;
	struct iovec part = { &has_channel, 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = gifts.space,
		.msg_controllen = sizeof(gifts.space) };
	int fds[GIFTS_MAX], n, first;

	if (deadline_wait_fd(control, POLLIN, DEADLINE_NEVER) < 0 ||
	    recvmsg(control, &m, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	if (CMSG_FIRSTHDR(&m) == NULL || (m.msg_flags & MSG_CTRUNC) != 0) {
		log_line(LEVEL_ERR, "too many open files; no child can wait for connections");
		return -1;
	}
	n = (int)((CMSG_FIRSTHDR(&m)->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&m)), (size_t)n * sizeof(int));
	first = has_channel ? 2 : 1;
	g->control = fds[0];
	g->channel = has_channel ? fds[1] : -1;
	g->n = n - first;
	memcpy(g->sockets, fds + first, (size_t)g->n * sizeof(int));
	return 0;
}

static void
drop_gifts(const struct zygote_gift *g)
{
	(void)close(g->control);
	if (g->channel != -1)
		(void)close(g->channel);
	for (int i = 0; i < g->n; i++)
		(void)close(g->sockets[i]);
}

int
zygote_multiply(int control, const int *families, int n, struct zygote_gift *g)
{
	struct ready r = { .n = n };
	pid_t pid;

	memcpy(r.families, families, (size_t)n * sizeof(int));
	if (write(control, &r, sizeof(r)) != (ssize_t)sizeof(r))
		return -1;
	while (receive_gifts(control, g) == 0) {
		if ((pid = fork()) == 0) {
			(void)close(control);
			return 0;
		}
		drop_gifts(g);
		if (pid == -1) {
			log_line(LEVEL_ERR, "fork: %s; no child can wait for connections",
			    strerror(errno));
			return -1;
		}
	}
	return -1;
}
