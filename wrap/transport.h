#ifndef INETLS_TRANSPORT_H
#define INETLS_TRANSPORT_H

/*
 * The buffers under TLS.  GnuTLS by itself makes two receive calls for each record and one send
 * call for each flush; here one call moves whatever the kernel has or takes, several records at
 * once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* whole pages: four full records with their headers and tags, and the start of the next */
#define TRANSPORT_IN (68 * 1024)
#define TRANSPORT_OUT (68 * 1024)

struct transport {
	int fd_in, fd_out;   /* non-blocking */
	bool eof;            /* the peer's FIN was read */
	bool started;        /* at least one byte came */
	unsigned char first; /* the first byte that came */
	size_t in_at, in_end, out_at, out_end;
	unsigned char *in, *out;
};

/* One at a time in a process, which serves one connection. */
void transport_init(struct transport *t, int fd_in, int fd_out);

/*
 * Puts bytes that were read before TLS started in front of what will be read; n is at most
 * TRANSPORT_IN.
 */
void transport_preload(struct transport *t, const void *data, size_t n);

/*
 * read(2)'s and write(2)'s contracts, from and into the buffers: EAGAIN in errno where the peer
 * must act.
 */
ssize_t transport_pull(struct transport *t, void *data, size_t n);
ssize_t transport_push(struct transport *t, const void *data, size_t n);

/* Sends what was pushed: 0 all gone, 1 the kernel takes no more now, -1 and errno. */
int transport_flush(struct transport *t);

/*
 * The last n bytes that were pulled, as they came from the network, or NULL where they are not here
 * any more.
 */
const unsigned char *transport_last(const struct transport *t, size_t n);

/* Whether pushed bytes are still here. */
bool transport_unsent(const struct transport *t);

/* Gives the memory of empty buffers back until bytes move again; transport_last has nothing then.
 */
void transport_rest(struct transport *t);

/* Whether bytes that were read from the kernel are still here. */
bool transport_pending(const struct transport *t);

#endif
