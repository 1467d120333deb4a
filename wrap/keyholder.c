/*
 * Both ends of the channel.  A message is one packet: a request is a letter with its arguments, an answer a
 * zero byte with what was asked for, or an exit code with a sentence.
 */

#include "keyholder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "deadline.h"
#include "sandbox.h"

#define WAIT_MS 10000     /* a signature takes milliseconds; a PEM on a dead network file system does not come */
#define SIGN_MAX 1024     /* what TLS has signed: 130 to 210 bytes */
#define CHANNELS_MAX 1000 /* handshakes at once */

enum request { ASK_CHAIN = 'C', ASK_SIGN_DATA = 'D', ASK_SIGN_HASH = 'H' };

struct sign_head {
	uint32_t algorithm, flags;
};

/* ------------------------------------------------------------------------------- the session's end */

static int
lost(struct keyholder *k)
{
	return failure_set(&k->why, EX_SOFTWARE, "the process that holds the key is gone");
}

void
keyholder_adopt(struct keyholder *k, int fd)
{
	k->fd = fd;
	k->asked = false;
	k->own = NULL;
	k->why.code = 0;
	k->why.text[0] = '\0';
}

int
keyholder_none(struct keyholder *k, const char *pem_path)
{
	static struct signer own;

	keyholder_adopt(k, -1);
	k->own = &own;
	return signer_open(k->own, pem_path, &k->why);
}

/* One packet: its kind, or -1 and k->why; the rest goes to out, *n says how much. */
static int
receive(struct keyholder *k, void *out, size_t *n)
{
	unsigned char kind = 0;
	struct iovec parts[2] = { { &kind, 1 }, { out, *n } };
	ssize_t got = readv(k->fd, parts, 2);

	/* Where it left without having read our request, that error comes before its last words. */
	if (got == -1 && errno == ECONNRESET)
		got = readv(k->fd, parts, 2);
	if (got < 1)
		return lost(k);
	*n = (size_t)got - 1;
	return kind;
}

static ssize_t
ask(struct keyholder *k, const struct iovec *request, int parts, void *out, size_t size)
{
	size_t n = size - 1; /* a NUL goes behind */
	int kind;

	k->asked = true;
	/* The first failure is the one that tells: GnuTLS asks again for each cipher suite. */
	if (k->why.code != 0)
		return -1;
	if (k->fd == -1)
		return lost(k);
	/* A keyholder that is gone, so that this fails, has said why: the answer is read all the same. */
	(void)!writev(k->fd, request, parts);
	if (deadline_wait_fd(k->fd, POLLIN, deadline_after(WAIT_MS)) <= 0)
		return failure_set(&k->why, EX_SOFTWARE, "the process that holds the key does not answer");
	if ((kind = receive(k, out, &n)) == -1)
		return -1;
	((char *)out)[n] = '\0';
	if (kind != 0)
		return failure_set(&k->why, kind, "%s", (char *)out);
	return (ssize_t)n;
}

ssize_t
keyholder_chain(struct keyholder *k, char *out)
{
	char letter = ASK_CHAIN;
	struct iovec request = { &letter, 1 };

	if (k->own != NULL)
		return signer_chain(k->own, out, &k->why);
	return ask(k, &request, 1, out, SIGNER_CHAIN_MAX);
}

ssize_t
keyholder_sign(struct keyholder *k, bool is_hash, unsigned algorithm, unsigned flags, const void *data, size_t n,
    void *out)
{
	char letter = is_hash ? ASK_SIGN_HASH : ASK_SIGN_DATA;
	struct sign_head head = { algorithm, flags };
	struct iovec request[3] = { { &letter, 1 }, { &head, sizeof(head) }, { (void *)(uintptr_t)data, n } };
	char answer[SIGNER_SIGNATURE_MAX + 1];
	ssize_t len;

	if (k->own != NULL)
		return signer_sign(k->own, is_hash, algorithm, flags, data, n, out, &k->why);
	if ((len = ask(k, request, 3, answer, sizeof(answer))) > 0)
		memcpy(out, answer, (size_t)len);
	return len;
}

int
keyholder_watched(const struct keyholder *k)
{
	return k->asked ? -1 : k->fd;
}

void
keyholder_hear(struct keyholder *k)
{
	char text[sizeof(k->why.text)];
	size_t n = sizeof(text) - 1;
	int kind = receive(k, text, &n);

	if (kind == -1)
		return;
	text[n] = '\0';
	failure_set(&k->why, kind, "%s", text);
}

void
keyholder_close(struct keyholder *k)
{
	if (k->fd != -1)
		(void)close(k->fd);
	if (k->own != NULL)
		signer_close(k->own);
	k->fd = -1;
	k->own = NULL;
}

/* ------------------------------------------------------------------------------ the keyholder's end */

struct channel {
	bool gave_chain;
};

static int
reply(int fd, int kind, const void *data, size_t n)
{
	unsigned char byte = (unsigned char)kind;
	struct iovec parts[2] = { { &byte, 1 }, { (void *)(uintptr_t)data, n } };

	return writev(fd, parts, 2) == -1 ? -1 : 0;
}

static int
reply_why(int fd, const struct failure *why)
{
	return reply(fd, why->code, why->text, strlen(why->text));
}

static int
give_chain(int fd, const struct signer *s)
{
	char chain[SIGNER_CHAIN_MAX];
	struct failure why;
	ssize_t n = signer_chain(s, chain, &why);

	if (n == -1) {
		(void)reply_why(fd, &why);
		return -1;
	}
	return reply(fd, 0, chain, (size_t)n);
}

static void
give_signature(int fd, struct signer *s, bool is_hash, const char *arguments, size_t n)
{
	char signature[SIGNER_SIGNATURE_MAX];
	struct sign_head head;
	struct failure why;
	ssize_t len;

	memcpy(&head, arguments, sizeof(head));
	len = signer_sign(s, is_hash, head.algorithm, head.flags, arguments + sizeof(head), n - sizeof(head),
	    signature, &why);
	(void)(len == -1 ? reply_why(fd, &why) : reply(fd, 0, signature, (size_t)len));
}

/* Answers one request.  0 while the channel may ask more; -1 when it has had what a handshake needs. */
static int
answer(int fd, struct channel *c, struct signer *s)
{
	char request[1 + sizeof(struct sign_head) + SIGN_MAX];
	ssize_t n = read(fd, request, sizeof(request));

	if (n == 1 && request[0] == ASK_CHAIN && !c->gave_chain) {
		c->gave_chain = true;
		return give_chain(fd, s);
	}
	if (n > (ssize_t)(1 + sizeof(struct sign_head)) && c->gave_chain &&
	    (request[0] == ASK_SIGN_DATA || request[0] == ASK_SIGN_HASH))
		give_signature(fd, s, request[0] == ASK_SIGN_HASH, request + 1, (size_t)n - 1);
	return -1;
}

/* Everything else that a process starts with has no business here: no peer, no log. */
static void
keep_only(int fd)
{
	if (fd > 0)
		(void)close_range(0, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0u, 0);
}

/* After the fork: this process is the keyholder.  It must not see the peer, so that goes first. */
static void __attribute__((noreturn))
run_one(int fd, const char *pem_path, const struct sandbox *user)
{
	struct channel c = { .gave_chain = false };
	struct failure why;
	struct signer s;

	keep_only(fd);
	if (signer_open(&s, pem_path, &why) == -1 || sandbox_cage_keyholder(user, &why) == -1) {
		(void)reply_why(fd, &why);
		_exit(why.code);
	}
	while (answer(fd, &c, &s) == 0)
		continue;
	signer_close(&s);
	_exit(EX_OK);
}

int
keyholder_start(struct keyholder *k, const char *pem_path, const struct sandbox *user)
{
	int ends[2];
	pid_t pid;

	keyholder_adopt(k, -1);
	/* The kernel reaps it, so that it never becomes a zombie of a session that does not look. */
	(void)signal(SIGCHLD, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return failure_set(&k->why, EX_OSERR, "socketpair: %s", strerror(errno));
	if ((pid = fork()) == 0)
		run_one(ends[1], pem_path, user);
	(void)close(ends[1]);
	k->fd = ends[0];
	return pid == -1 ? failure_set(&k->why, EX_OSERR, "fork: %s", strerror(errno)) : 0;
}

/* ------------------------------------------------------------- the keyholder's end, for many sessions */

struct service {
	struct signer signer;
	nfds_t n; /* used places; the first is the control socket */
	struct pollfd polled[1 + CHANNELS_MAX];
	struct channel channels[1 + CHANNELS_MAX];
};

union rights {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

/* The descriptor that came with a byte of the control socket; -1 where the listener has left. */
static int
take_channel(int control)
{
	union rights rights;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.space,
		.msg_controllen = sizeof(rights.space) };
	int fd = -1;

	if (recvmsg(control, &m, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	if (CMSG_FIRSTHDR(&m) != NULL && CMSG_FIRSTHDR(&m)->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void
hear_listener(struct service *s)
{
	int fd = take_channel(s->polled[0].fd);

	if (fd == -1) {
		(void)close(s->polled[0].fd);
		s->polled[0].fd = -1;
		return;
	}
	s->polled[s->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->channels[s->n++] = (struct channel){ .gave_chain = false };
}

static void
hear_session(struct service *s, nfds_t i)
{
	if (answer(s->polled[i].fd, &s->channels[i], &s->signer) == 0)
		return;
	(void)close(s->polled[i].fd);
	s->n--;
	s->polled[i] = s->polled[s->n];
	s->channels[i] = s->channels[s->n];
}

/* Until the listener and every session have left. */
static void
serve_all(struct service *s)
{
	while (s->polled[0].fd != -1 || s->n > 1) {
		/* With no place left, new channels wait in the control socket. */
		s->polled[0].events = s->n < 1 + CHANNELS_MAX ? POLLIN : 0;
		if (poll(s->polled, s->n, -1) == -1)
			continue;
		for (nfds_t i = s->n - 1; i >= 1; i--)
			if (s->polled[i].revents != 0)
				hear_session(s, i);
		if (s->polled[0].fd != -1 && s->polled[0].revents != 0)
			hear_listener(s);
	}
}

/* After the fork: this process is the keyholder of a listener. */
static void __attribute__((noreturn))
run_service(int control, const char *pem_path, const struct sandbox *user)
{
	static struct service s;
	struct failure why;

	keep_only(control);
	if (signer_open(&s.signer, pem_path, &why) == -1 || signer_match(&s.signer, &why) == -1 ||
	    sandbox_cage_keyholder(user, &why) == -1) {
		(void)reply_why(control, &why);
		_exit(why.code);
	}
	(void)reply(control, 0, "", 0);
	s.polled[0] = (struct pollfd){ .fd = control, .events = POLLIN };
	s.n = 1;
	serve_all(&s);
	signer_close(&s.signer);
	_exit(EX_OK);
}

/* What the new keyholder says first: 0 that it serves, or -1 and *why. */
static int
hear_start(int control, struct failure *why)
{
	struct keyholder told;
	char text[sizeof(why->text)];
	size_t n = sizeof(text) - 1;
	int kind;

	keyholder_adopt(&told, control);
	if ((kind = receive(&told, text, &n)) == 0)
		return 0;
	text[n] = '\0';
	if (kind == -1)
		*why = told.why;
	else
		failure_set(why, kind, "%s", text);
	return -1;
}

int
keyholder_service_start(struct keyholder_service *s, const char *pem_path, const struct sandbox *user,
    struct failure *why)
{
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
	if ((s->pid = fork()) == 0)
		run_service(ends[1], pem_path, user);
	(void)close(ends[1]);
	s->control = ends[0];
	r = s->pid == -1 ? failure_set(why, EX_OSERR, "fork: %s", strerror(errno)) : hear_start(s->control, why);
	if (r == -1)
		keyholder_service_leave(s);
	return r;
}

int
keyholder_service_channel(struct keyholder_service *s, struct failure *why)
{
	union rights rights = {
		.header = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.space,
		.msg_controllen = sizeof(rights.space) };
	int ends[2];
	ssize_t sent;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return failure_set(why, EX_OSERR, "socketpair: %s", strerror(errno));
	memcpy(CMSG_DATA(&rights.header), &ends[1], sizeof(int));
	sent = sendmsg(s->control, &m, MSG_NOSIGNAL);
	(void)close(ends[1]);
	if (sent == 1)
		return ends[0];
	(void)close(ends[0]);
	return failure_set(why, EX_SOFTWARE, "the process that holds the key is gone: %s", strerror(errno));
}

void
keyholder_service_leave(struct keyholder_service *s)
{
	if (s->control != -1)
		(void)close(s->control);
	s->control = -1;
}
