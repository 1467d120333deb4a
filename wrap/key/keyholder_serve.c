/* What the keyholder's process runs: it sees the key, and never the network. */

#include "key/keyholder_serve.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "confine/confine.h"
#include "key/signer.h"
#include "key/token_watch.h"

/*
 * What TLS signs is 20 to 210 bytes; an EdDSA client of TLS 1.2 signs all messages of the
 * handshake.
 */
#define SIGN_MAX (128 * 1024)
/* How many handshakes at once: a silent peer keeps its channel until --handshake-timeout. */
#define CHANNELS_MAX 16384
#define FILES_BESIDES 16 /* descriptors that are not channels, and a reserve */

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

int
keyholder_serve_refusal(int fd, const struct failure *why)
{
	return reply(fd, why->code, why->text, strlen(why->text));
}

static int
give_chain(int fd, const struct signer *s)
{
	return reply(fd, 0, s->chain, s->chain_len);
}

static void
give_signature(int fd, struct signer *s, bool is_hash, const char *arguments, size_t n)
{
	char signature[SIGNER_SIGNATURE_MAX];
	struct keyholder_serve_sign head;
	struct failure why;
	ssize_t len;

	memcpy(&head, arguments, sizeof(head));
	len = signer_sign(s, is_hash, head.algorithm, head.flags, arguments + sizeof(head),
	    n - sizeof(head), signature, &why);
	(void)(len == -1 ? keyholder_serve_refusal(fd, &why) :
			   reply(fd, 0, signature, (size_t)len));
}

/*
 * Answers one request.  0 while the channel may ask more; -1 once it has had what a handshake
 * needs.
 */
static int
answer(int fd, struct channel *c, struct signer *s)
{
	/* Static, so that only the pages that are written cost memory. */
	static char request[1 + sizeof(struct keyholder_serve_sign) + SIGN_MAX];
	ssize_t n = read(fd, request, sizeof(request));

	if (n == 1 && request[0] == KEYHOLDER_SERVE_CHAIN && !c->gave_chain) {
		c->gave_chain = true;
		return give_chain(fd, s);
	}
	if (n > (ssize_t)(1 + sizeof(struct keyholder_serve_sign)) &&
	    (request[0] == KEYHOLDER_SERVE_SIGN_DATA || request[0] == KEYHOLDER_SERVE_SIGN_HASH))
		give_signature(
		    fd, s, request[0] == KEYHOLDER_SERVE_SIGN_HASH, request + 1, (size_t)n - 1);
	return -1;
}

/* Closes every other inherited descriptor: the keyholder may have no peer and no log. */
static void
keep_only(int fd)
{
	if (fd > 0)
		descriptor_close_all(0, (unsigned)fd - 1);
	descriptor_close_all((unsigned)fd + 1, ~0u);
}

/* A token's module may need files and sockets for each signature. */
static int
confine(const struct signer *s, const struct confine *user, struct failure *why)
{
	return s->token != NULL ? confine_keyholder_token(user, why) : confine_keyholder(user, why);
}

void
keyholder_serve_one(
    int fd, const char *pem_path, enum signable_role role, const struct confine *user, bool ahead)
{
	struct channel c = { .gave_chain = ahead };
	struct failure why;
	struct signer s;

	keep_only(fd);
	token_watch_tell(fd);
	if (signer_open(&s, pem_path, role, &why) == -1 || confine(&s, user, &why) == -1) {
		(void)keyholder_serve_refusal(fd, &why);
		_exit(why.code);
	}
	if (!ahead || give_chain(fd, &s) == 0)
		while (answer(fd, &c, &s) == 0)
			continue;
	signer_close(&s);
	_exit(EX_OK);
}

struct service {
	struct signer signer;
	int control;    /* the socket to the listener; -1 once the listener has closed its end */
	nfds_t n, most; /* used places, and how many there are; place 0 is the control socket */
	struct pollfd polled[CHANNELS_MAX];
	struct channel channels[CHANNELS_MAX];
};

/* Takes a new channel, or notices that the listener has left. */
static void
hear_listener(struct service *s)
{
	int fd = descriptor_receive(s->control);

	if (fd == -1) {
		(void)close(s->control);
		s->control = -1;
		return;
	}
	s->polled[s->n] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->channels[s->n++] = (struct channel){ .gave_chain = false };
}

static void
hear_session(struct service *s, nfds_t i)
{
	token_watch_tell(s->polled[i].fd);
	if (answer(s->polled[i].fd, &s->channels[i], &s->signer) == 0)
		return;
	(void)close(s->polled[i].fd);
	s->n--;
	s->polled[i] = s->polled[s->n];
	s->channels[i] = s->channels[s->n];
}

/* Runs until the listener and every session have left. */
static void
serve_all(struct service *s)
{
	while ((s->control != -1 || s->n > 1) && s->signer.lost.code == EX_OK) {
		/* With no place left, do not read the control socket: new channels wait there. */
		s->polled[0].fd = s->n < s->most ? s->control : -1;
		if (poll(s->polled, s->n, -1) == -1) {
			if (errno != EINTR)
				_exit(EX_OSERR);
			continue;
		}
		for (nfds_t i = s->n - 1; i >= 1; i--)
			if (s->polled[i].revents != 0)
				hear_session(s, i);
		if (s->polled[0].fd != -1 && s->polled[0].revents != 0)
			hear_listener(s);
	}
}

/* If the token has failed, the listener starts another keyholder, which opens it anew. */
static void
refuse_rest(const struct service *s)
{
	if (s->signer.lost.code != EX_OK)
		for (nfds_t i = 1; i < s->n; i++)
			(void)keyholder_serve_refusal(s->polled[i].fd, &s->signer.lost);
}

/*
 * As many channels as this process may have descriptors.  The soft limit is often 1024, so it is
 * raised.
 */
static nfds_t
places(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		return 1;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1 || files.rlim_cur < 2 * FILES_BESIDES)
		return FILES_BESIDES;
	return files.rlim_cur - FILES_BESIDES < CHANNELS_MAX ?
	    (nfds_t)files.rlim_cur - FILES_BESIDES :
	    CHANNELS_MAX;
}

/*
 * A token is tried once this process is confined: only then does the trial show whether its module
 * still works.
 */
static int
open_confined(struct signer *s, const char *pem_path, enum signable_role role,
    const struct confine *user, struct failure *why)
{
	if (signer_open(s, pem_path, role, why) == -1)
		return -1;
	if (s->token == NULL && signer_match(s, why) == -1)
		return -1;
	if (confine(s, user, why) == -1)
		return -1;
	return s->token != NULL ? signer_match(s, why) : 0;
}

void
keyholder_serve_many(
    int control, const char *pem_path, enum signable_role role, const struct confine *user)
{
	static struct service s;
	char warning[400];
	struct failure why;
	bool warns;

	keep_only(control);
	s.most = places();
	token_watch_tell(control);
	if (open_confined(&s.signer, pem_path, role, user, &why) == -1) {
		(void)keyholder_serve_refusal(control, &why);
		_exit(why.code);
	}
	if ((warns = signer_warning(&s.signer, warning, sizeof(warning))))
		(void)failure_set(&why, EX_OK, "%s: %s", pem_path, warning);
	(void)reply(control, 0, why.text, warns ? strlen(why.text) : 0);
	s.control = control;
	s.polled[0] = (struct pollfd){ .events = POLLIN };
	s.n = 1;
	serve_all(&s);
	refuse_rest(&s);
	signer_close(&s.signer);
	_exit(EX_OK);
}
