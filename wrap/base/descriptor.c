/* Closing descriptors, and passing them to another process. */

#include "base/descriptor.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void
descriptor_close_each(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		(void)close(fds[i]);
}

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int
descriptor_send(int to, char byte, const int *fds, int n, int flags)
{
	size_t size = (size_t)n * sizeof(int);
	union rights rights = { .header = { .cmsg_len = CMSG_LEN(size),
				    .cmsg_level = SOL_SOCKET,
				    .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = rights.space,
		.msg_controllen = CMSG_SPACE(size) };

	memcpy(CMSG_DATA(&rights.header), fds, size);
	return sendmsg(to, &m, flags | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int
descriptor_receive(int from, char *byte, int *fds)
{
	union rights rights;
	struct iovec part = { byte, 1 };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = rights.space,
		.msg_controllen = sizeof(rights.space) };
	const struct cmsghdr *header;
	size_t size;
	int n;

	if (recvmsg(from, &m, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&m);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS)
		return 0;
	size = header->cmsg_len - CMSG_LEN(0);
	n = (int)(size / sizeof(int));
	memcpy(fds, CMSG_DATA(header), size);
	if ((m.msg_flags & MSG_CTRUNC) == 0)
		return n;
	descriptor_close_each(fds, n);
	return 0;
}
