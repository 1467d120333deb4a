/* One keyholder for many sessions: started, asked whether it serves, given channels. */

#include "key/keyholder_service.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "key/keyholder.h"
#include "key/keyholder_serve.h"

int
keyholder_service_start(struct keyholder_service *s, const char *pem_path, enum signable_role role,
    const struct confine *user, struct failure *why)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
	if ((s->pid = fork()) == 0)
		keyholder_serve_many(ends[1], pem_path, role, user);
	if (s->pid == -1)
		failure_set(why, EX_OSERR, "fork: %s", strerror(errno));
	(void)close(ends[1]);
	s->control = ends[0];
	if (s->pid != -1)
		return 0;
	keyholder_service_leave(s);
	return -1;
}

int64_t
keyholder_service_deadline(void)
{
	return deadline_after(KEYHOLDER_WAIT_MS);
}

int
keyholder_service_hear(struct keyholder_service *s, int64_t deadline, struct failure *why)
{
	char text[sizeof(why->text)];
	size_t n = sizeof(text) - 1;
	int kind, ready = deadline_wait_fd(s->control, POLLIN, deadline);

	if (ready == DEADLINE_STOP)
		return 1;
	if (ready <= 0)
		return failure_set(why, EX_SOFTWARE, KEYHOLDER_SILENT);
	if ((kind = keyholder_receive(s->control, text, &n)) == -1)
		return failure_set(why, EX_SOFTWARE, KEYHOLDER_GONE);
	text[n] = '\0';
	failure_set(why, kind, "%s", text);
	return kind == 0 ? 0 : -1;
}

int
keyholder_service_give(struct keyholder_service *s, int fd, struct failure *why)
{
	if (descriptor_send(s->control, fd) == 0)
		return 0;
	return failure_set(why, EX_SOFTWARE, KEYHOLDER_GONE ": %s", strerror(errno));
}

void
keyholder_service_leave(struct keyholder_service *s)
{
	if (s->control != -1)
		(void)close(s->control);
	s->control = -1;
}

void
keyholder_service_kill(struct keyholder_service *s)
{
	(void)kill(s->pid, SIGKILL);
	keyholder_service_leave(s);
}
