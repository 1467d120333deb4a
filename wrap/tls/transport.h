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
	int fd_in, fd_out; /* non-blocking */
	bool eof;          /* the peer's FIN was read */
	/* a FIN behind a whole record is not shown, but answered by EAGAIN; the owner's */
	bool keeps_end;
	bool started;         /* at least one byte came */
	unsigned char first;  /* the first byte that came */
	int reads;            /* of the socket, that are left in this turn */
	unsigned records;     /* whose heads were pulled since the owner set this to 0 */
	unsigned records_max; /* beyond which nothing is pulled; the owner's */
	size_t body;          /* bytes of the record that are still to be pulled */
	unsigned head;        /* bytes of the next one's head that were */
	unsigned char length;
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
 * Begins a turn: after a few reads of the socket transport_pull answers EAGAIN once the buffer is
 * empty, so that a peer whose bytes never stop does not keep the caller from the clock.
 */
void transport_turn(struct transport *t);

/*
 * read(2)'s and write(2)'s contracts, from and into the buffers: EAGAIN in errno where the peer
 * must act, or the turn is over, and also where more than records_max were pulled.
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

/* Whether a part of a record was pulled, and its rest was not. */
bool transport_within_record(const struct transport *t);

/* Whether bytes that were read from the kernel are still here. */
bool transport_pending(const struct transport *t);

#endif
