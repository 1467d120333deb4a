/*
 * libFuzzer: the client's files, which anybody may have edited or damaged: known hosts, and the
 * last session.  The first byte says which; the rest is the file, for a session behind the mark of
 * the right policy if the second byte is odd.
 */

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "tls/chain.h"
#include "tls/known_hosts.h"
#include "tls/ticket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define POLICY "policy"

static char path[64];

static void
check(int condition)
{
	if (!condition)
		abort();
}

static void
remove_file(void)
{
	(void)unlink(path);
}

static void
write_file(const uint8_t *data, size_t size, bool marked)
{
	unsigned char mark[32];
	int fd;

	if (path[0] == '\0') {
		(void)snprintf(path, sizeof(path), "/tmp/inetls-fuzz.%ld", (long)getpid());
		(void)atexit(remove_file);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	check(fd != -1);
	if (marked) {
		check(gnutls_hash_fast(GNUTLS_DIG_SHA256, POLICY, strlen(POLICY), mark) == 0);
		check(write(fd, mark, sizeof(mark)) == sizeof(mark));
	}
	check(write(fd, data, size) == (ssize_t)size);
	(void)close(fd);
}

static void
look_up(void)
{
	struct known_hosts k;
	char other[128] = "";
	int line = 0;

	check(known_hosts_open(&k, path, "localhost", "5432", NULL) == 0);
	(void)known_hosts_look_up(&k, PIN, other, sizeof(other), &line);
	check(strnlen(other, sizeof(other)) < sizeof(other));
	if (known_hosts_add(&k, PIN, other, sizeof(other), &line) == KNOWN_HOSTS_NEW)
		check(
		    known_hosts_look_up(&k, PIN, other, sizeof(other), &line) == KNOWN_HOSTS_MATCH);
	(void)close(k.fd);
}

static void
take_session(void)
{
	gnutls_datum_t der[CHAIN_MAX];
	struct ticket_session t;

	check(ticket_session_open(&t, path, POLICY, NULL) == 0);
	if (t.chain != NULL)
		(void)chain_unpack(t.chain, t.chain_len, der);
	ticket_session_wipe(&t);
	free(t.chain);
	(void)close(t.fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	write_file(data + 2, size - 2, data[0] % 2 == 1 && data[1] % 2 == 1);
	if (data[0] % 2 == 0)
		look_up();
	else
		take_session();
	return 0;
}
