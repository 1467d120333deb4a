/* A session's way to the process that holds the key. */

#include "key/keyholder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/deadline.h"
#include "key/keyholder_serve.h"
#include "confine/confine.h"

static int
lost(struct keyholder *k)
{
	return failure_set(&k->why, EX_SOFTWARE, KEYHOLDER_GONE);
}

static int
silent(struct keyholder *k)
{
	return failure_set(&k->why, EX_SOFTWARE, "%s%s" KEYHOLDER_SILENT,
	    k->path != NULL ? k->path : "", k->path != NULL ? ": " : "");
}

void
keyholder_adopt(struct keyholder *k, int fd)
{
	k->fd = fd;
	k->asked = k->ahead = k->stopped = false;
	k->chain = NULL;
	k->path = NULL;
	k->deadline = DEADLINE_NEVER;
	k->own = NULL;
	k->why.code = 0;
	k->why.text[0] = '\0';
}

int
keyholder_none(struct keyholder *k, const char *pem_path, enum signable_role role)
{
	static struct signer own;

	keyholder_adopt(k, -1);
	k->own = &own;
	if (signer_open(k->own, pem_path, role, &k->why) == -1)
		return -1;
	if (own.token == NULL)
		return 0;
	return failure_set(&k->why, EX_USAGE,
	    "%s: --no-keyholder cannot be used with a key in a token, whose module would need more "
	    "than a session may do",
	    pem_path);
}

int
keyholder_receive(int fd, void *out, size_t *n)
{
	unsigned char kind = 0;
	struct iovec parts[2] = { { &kind, 1 }, { out, *n } };
	ssize_t got = readv(fd, parts, 2);

	/*
	 * If the keyholder left without reading our request, the kernel reports that error first,
	 * and its last message at the next read.
	 */
	if (got == -1 && errno == ECONNRESET)
		got = readv(fd, parts, 2);
	if (got < 1)
		return -1;
	*n = (size_t)got - 1;
	return kind;
}

/* Waits for the answer and ends it with a NUL: its length, or -1 and k->why. */
static ssize_t
await(struct keyholder *k, bool sent, void *out, size_t size)
{
	size_t n = size - 1;
	int kind, ready;

	/*
	 * If the request could not be sent, the keyholder is gone.  It may have sent its reason
	 * before, so read without waiting.
	 */
	ready = deadline_wait_fd(
	    k->fd, POLLIN, deadline_min(deadline_after(sent ? KEYHOLDER_WAIT_MS : 0), k->deadline));
	if (ready == DEADLINE_STOP) {
		k->stopped = true;
		return failure_set(&k->why, EX_SOFTWARE, "ended by a signal");
	}
	if (ready <= 0)
		return silent(k);
	if ((kind = keyholder_receive(k->fd, out, &n)) == -1)
		return lost(k);
	((char *)out)[n] = '\0';
	if (kind != 0)
		return failure_set(&k->why, kind, "%s", (char *)out);
	return (ssize_t)n;
}

static ssize_t
ask(struct keyholder *k, const struct iovec *request, int parts, void *out, size_t size)
{
	k->asked = true;
	/*
	 * Report the first failure only: it names the cause, and GnuTLS asks again for each cipher
	 * suite.
	 */
	if (k->why.code != 0)
		return -1;
	if (k->fd == -1)
		return lost(k);
	return await(k, writev(k->fd, request, parts) != -1, out, size);
}

void
keyholder_ask_ahead(struct keyholder *k)
{
	char letter = KEYHOLDER_SERVE_CHAIN;

	k->ahead = k->fd != -1 && write(k->fd, &letter, 1) == 1;
}

/* The chain that keyholder_ask_ahead asked for: it is here already, or is awaited now. */
static ssize_t
take_chain(struct keyholder *k, char *out)
{
	ssize_t n = k->chain_len;

	if (k->chain == NULL) {
		k->asked = true;
		k->ahead = false;
		return k->why.code == 0 ? await(k, true, out, SIGNER_CHAIN_MAX) : -1;
	}
	memcpy(out, k->chain, (size_t)n + 1);
	free(k->chain);
	k->chain = NULL;
	return n;
}

ssize_t
keyholder_chain(struct keyholder *k, char *out)
{
	char letter = KEYHOLDER_SERVE_CHAIN;
	struct iovec request = { &letter, 1 };

	if (k->own != NULL)
		return signer_chain(k->own, out);
	if (k->ahead || k->chain != NULL)
		return take_chain(k, out);
	return ask(k, &request, 1, out, SIGNER_CHAIN_MAX);
}

ssize_t
keyholder_sign(struct keyholder *k, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n, void *out)
{
	char letter = is_hash ? KEYHOLDER_SERVE_SIGN_HASH : KEYHOLDER_SERVE_SIGN_DATA;
	struct keyholder_serve_sign head = { algorithm, flags };
	struct iovec request[3] = { { &letter, 1 }, { &head, sizeof(head) },
		{ (void *)(uintptr_t)data, n } };
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
	char *text = malloc(SIGNER_CHAIN_MAX);
	size_t n = SIGNER_CHAIN_MAX - 1;
	int kind = text != NULL ? keyholder_receive(k->fd, text, &n) : -1;

	if (kind == -1)
		(void)lost(k);
	else {
		text[n] = '\0';
		if (kind == 0 && k->ahead) {
			k->asked = true;
			k->ahead = false;
			k->chain = text;
			k->chain_len = (ssize_t)n;
			return;
		}
		failure_set(&k->why, kind, "%s", text);
	}
	free(text);
}

void
keyholder_close(struct keyholder *k)
{
	if (k->fd != -1)
		(void)close(k->fd);
	if (k->own != NULL)
		signer_close(k->own);
	free(k->chain);
	k->chain = NULL;
	k->fd = -1;
	k->own = NULL;
}

int
keyholder_start(struct keyholder *k, const char *pem_path, enum signable_role role,
    const struct confine *user, bool ahead)
{
	int ends[2];
	pid_t pid;

	keyholder_adopt(k, -1);
	/* The kernel reaps the keyholder, because the session never waits for it. */
	(void)signal(SIGCHLD, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return failure_set(&k->why, EX_OSERR, "socketpair: %s", strerror(errno));
	if ((pid = fork()) == 0)
		keyholder_serve_one(ends[1], pem_path, role, user, ahead);
	(void)close(ends[1]);
	k->fd = ends[0];
	k->ahead = ahead;
	return pid == -1 ? failure_set(&k->why, EX_OSERR, "fork: %s", strerror(errno)) : 0;
}
