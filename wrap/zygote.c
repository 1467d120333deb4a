/* Children by fork alone. */

#include "zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backend.h"
#include "deadline.h"
#include "descriptor.h"
#include "log.h"

struct ready {
	int n, families[ADDRESS_MAX];
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

int
zygote_ask(
    const struct zygote *z, const struct options *o, int control, int channel, struct failure *why)
{
	int fds[DESCRIPTORS_MAX] = { control, channel }, first = channel != -1 ? 2 : 1, n = first,
	    r = 0;

	for (int i = 0; r == 0 && i < z->n; i++) {
		if ((fds[n] = backend_another(o, z->families[i], why)) == -1)
			r = -1;
		else
			n++;
	}
	if (r == 0 && descriptor_send(z->control, channel != -1, fds, n, MSG_DONTWAIT) == -1)
		r = failure_set(why, EX_OSERR,
		    "the process that makes children does not listen: %s", strerror(errno));
	descriptor_close_each(fds + first, n - first);
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
	int fds[DESCRIPTORS_MAX], n, first;
	char has_channel = 0;

	if (deadline_wait_fd(control, POLLIN, DEADLINE_NEVER) < 0 ||
	    (n = descriptor_receive(control, &has_channel, fds)) == -1)
		return -1;
	if (n == 0) {
		log_seldom(LEVEL_ERR, "too many open files; no child can wait for connections");
		return -1;
	}
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
	descriptor_close_each(g->sockets, g->n);
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
			log_seldom(LEVEL_ERR, "fork: %s; no child can wait for connections",
			    strerror(errno));
			return -1;
		}
	}
	return -1;
}
