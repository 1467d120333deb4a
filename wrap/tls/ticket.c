/* Resumption across processes. */

#include "tls/ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#define SESSION_MAX (TICKET_CHAIN_MAX + 16384) /* GnuTLS's session data holds the chain too */
#define SUFFIX_SIZE 24
#define TICKET_SEAL 32 /* SHA-256 */
#define CHAIN_LENGTH 2
#define FILE_MAX (TICKET_SEAL + CHAIN_LENGTH + TICKET_CHAIN_MAX + SESSION_MAX)

/* Makes a new file with a fresh master key beside the real one; its name is in temporary. */
static int
make_temporary(const char *path, char *temporary, size_t size)
{
	unsigned char master[TICKET_KEY];
	int fd, r = -1;

	(void)snprintf(temporary, size, "%s.%ld", path, (long)getpid());
	(void)unlink(temporary); /* left by a killed process that had our pid */
	if (getrandom(master, sizeof(master), 0) == (ssize_t)sizeof(master) &&
	    (fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) !=
		-1) {
		r = write(fd, master, sizeof(master)) == (ssize_t)sizeof(master) ? 0 : -1;
		(void)close(fd);
		if (r == -1)
			(void)unlink(temporary);
	}
	explicit_bzero(master, sizeof(master));
	return r;
}

/* /run is empty after a boot, and not every system makes our directory in it. */
static void
make_directory(const char *path)
{
	char directory[TICKET_PATH_MAX + 1];
	char *end;

	(void)snprintf(directory, sizeof(directory), "%s", path);
	if ((end = strrchr(directory, '/')) != NULL && end != directory) {
		*end = '\0';
		(void)mkdir(directory, 0755);
	}
}

/* Makes the file.  If another process was faster, its file is read. */
static int
make_master(const char *path)
{
	char temporary[TICKET_PATH_MAX + SUFFIX_SIZE];
	int r;

	if (make_temporary(path, temporary, sizeof(temporary)) == -1) {
		if (errno != ENOENT)
			return -1;
		make_directory(path);
		if (make_temporary(path, temporary, sizeof(temporary)) == -1)
			return -1;
	}
	r = link(temporary, path);
	(void)unlink(temporary);
	return r == 0 || errno == EEXIST ? 0 : -1;
}

/* A file with a date in the future was made while the clock was wrong, and would never get old. */
static bool
is_old(const struct stat *st)
{
	time_t age = time(NULL) - st->st_mtime;

	return age > TICKET_MASTER_LIFE || age < -TICKET_MASTER_LIFE;
}

/*
 * Replaces an old master key.  One process does it; the others go on with the old key.  Tickets
 * under the old key then cost a full handshake, no more.
 */
static void
replace_master(const char *path, int fd)
{
	char temporary[TICKET_PATH_MAX + SUFFIX_SIZE];
	struct stat st;

	if (flock(fd, LOCK_EX | LOCK_NB) == -1)
		return;
	if (stat(path, &st) == 0 && is_old(&st) &&
	    make_temporary(path, temporary, sizeof(temporary)) == 0 &&
	    rename(temporary, path) == -1)
		(void)unlink(temporary);
	(void)flock(fd, LOCK_UN);
}

static int
refuse_master(const char *path, struct failure *why)
{
	failure_set(why, EX_CONFIG,
	    "--tickets %s: must be a file of %d bytes with mode 0600 that belongs to "
	    "the user who starts inetls-wrap; remove it, and a new one is made",
	    path, TICKET_KEY);
	return -1;
}

static int
open_master(const char *path, struct stat *st, struct failure *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);

	if (fd == -1 && errno == ENOENT && make_master(path) == 0)
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 && errno == ELOOP)
		return refuse_master(path, why); /* a symbolic link */
	if (fd == -1 || fstat(fd, st) == -1) {
		failure_set(why, EX_CONFIG,
		    "--tickets %s: %s; its directory must exist and belong to the user who "
		    "starts inetls-wrap",
		    path, strerror(errno));
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	if (S_ISREG(st->st_mode) && (st->st_mode & 077) == 0 && st->st_size == TICKET_KEY &&
	    (st->st_uid == 0 || st->st_uid == geteuid()))
		return fd;
	(void)close(fd);
	return refuse_master(path, why);
}

static int
derive(unsigned char master[TICKET_KEY], const char *label, unsigned char key[TICKET_KEY],
    struct failure *why)
{
	static unsigned char salt[] = "inetls session tickets 1";
	unsigned char extracted[64];
	gnutls_datum_t ikm = { master, TICKET_KEY }, salted = { salt, sizeof(salt) - 1 };
	gnutls_datum_t prk = { extracted, sizeof(extracted) };
	gnutls_datum_t info = { (unsigned char *)(uintptr_t)label, (unsigned)strlen(label) };
	int r = gnutls_hkdf_extract(GNUTLS_MAC_SHA512, &ikm, &salted, extracted);

	if (r == 0)
		r = gnutls_hkdf_expand(GNUTLS_MAC_SHA512, &prk, &info, key, TICKET_KEY);
	explicit_bzero(extracted, sizeof(extracted));
	return r == 0 ? 0 : failure_set(why, EX_SOFTWARE, "HKDF: %s", gnutls_strerror(r));
}

int
ticket_key(const char *path, const char *label, unsigned char key[TICKET_KEY], struct failure *why)
{
	unsigned char master[TICKET_KEY];
	struct stat st;
	int fd, r = -1;

	if (strlen(path) > TICKET_PATH_MAX)
		return failure_set(why, EX_CONFIG, "--tickets: the path is too long");
	if ((fd = open_master(path, &st, why)) == -1)
		return -1;
	if (is_old(&st)) {
		replace_master(path, fd);
		(void)close(fd);
		if ((fd = open_master(path, &st, why)) == -1)
			return -1;
	}
	if (read(fd, master, sizeof(master)) != (ssize_t)sizeof(master))
		failure_set(why, EX_CONFIG, "--tickets %s: cannot be read whole", path);
	else
		r = derive(master, label, key, why);
	explicit_bzero(master, sizeof(master));
	(void)close(fd);
	return r;
}

/* ---- the client's file ---- */

/*
 * The file: a seal, the length of the server's certificates, these, then what GnuTLS resumes from.
 * The seal is a hash over the policy and all the rest.  So a session of another policy, or a file
 * cut off while it was written, is not used; GnuTLS would accept half of one.  The seal does not
 * keep attackers out; the file's owner and mode do.
 */
static int
seal(const struct ticket_session *t, const void *data, size_t n, unsigned char out[TICKET_SEAL])
{
	gnutls_hash_hd_t hash;
	int r;

	if (gnutls_hash_init(&hash, GNUTLS_DIG_SHA256) < 0)
		return -1;
	r = gnutls_hash(hash, t->policy, sizeof(t->policy)) < 0 || gnutls_hash(hash, data, n) < 0 ?
	    -1 :
	    0;
	gnutls_hash_deinit(hash, out);
	return r;
}

/* Splits what was read; chain and data share one piece of memory. */
static void
take_parts(struct ticket_session *t, const unsigned char *in, size_t n)
{
	size_t chain = (size_t)in[0] << 8 | in[1];

	in += CHAIN_LENGTH;
	n -= CHAIN_LENGTH;
	if (chain >= n || (t->chain = malloc(n)) == NULL)
		return;
	memcpy(t->chain, in, n);
	t->chain_len = chain;
	t->data = (char *)t->chain + chain;
	t->len = n - chain;
}

static void
take_session(struct ticket_session *t)
{
	unsigned char buf[FILE_MAX], expected[TICKET_SEAL];
	ssize_t n = pread(t->fd, buf, sizeof(buf), 0);
	size_t rest = n > TICKET_SEAL + CHAIN_LENGTH ? (size_t)n - TICKET_SEAL : 0;

	if (rest > 0 && seal(t, buf + TICKET_SEAL, rest, expected) == 0 &&
	    memcmp(buf, expected, TICKET_SEAL) == 0)
		take_parts(t, buf + TICKET_SEAL, rest);
	explicit_bzero(buf, sizeof(buf));
}

static bool
is_ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
	    st.st_uid == geteuid();
}

int
ticket_session_open(
    struct ticket_session *t, const char *path, const char *policy, struct failure *why)
{
	t->data = NULL;
	t->chain = NULL;
	t->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
	if (t->fd == -1)
		return failure_set(why, EX_CONFIG, "--session %s: %s", path, strerror(errno));
	if (!is_ours(t->fd) ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, policy, strlen(policy), t->policy) < 0) {
		(void)close(t->fd);
		t->fd = -1;
		return failure_set(why, EX_CONFIG,
		    "--session %s: not a session file, or others can read it; remove it, and "
		    "a new one is made",
		    path);
	}
	take_session(t);
	return 0;
}

void
ticket_session_wipe(struct ticket_session *t)
{
	if (t->data != NULL)
		explicit_bzero(t->data, t->len);
	t->data = NULL;
	t->len = 0;
}

void
ticket_session_save(
    const struct ticket_session *t, const void *chain, size_t chain_len, const void *data, size_t n)
{
	unsigned char buf[FILE_MAX], *at = buf + TICKET_SEAL;
	size_t len = CHAIN_LENGTH + chain_len + n;

	if (t->fd == -1 || chain_len > TICKET_CHAIN_MAX || n > SESSION_MAX ||
	    flock(t->fd, LOCK_EX | LOCK_NB) == -1)
		return;
	at[0] = (unsigned char)(chain_len >> 8);
	at[1] = (unsigned char)chain_len;
	memcpy(at + CHAIN_LENGTH, chain, chain_len);
	memcpy(at + CHAIN_LENGTH + chain_len, data, n);
	if (seal(t, at, len, buf) == 0 && ftruncate(t->fd, 0) == 0)
		(void)!pwrite(t->fd, buf, TICKET_SEAL + len, 0);
	(void)flock(t->fd, LOCK_UN);
	explicit_bzero(buf, sizeof(buf));
}
