#ifndef INETLS_TRANSPORT_H
#define INETLS_TRANSPORT_H

/*
 * The buffers under TLS.  GnuTLS alone makes two receive calls for each record and one send call
 * for each flush.  With these buffers one call moves as much as the kernel has or accepts, several
 * records at once.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole pages: four full records with headers and tags, and the start of the next. */
#define TRANSPORT_IN (68 * 1024)
#define TRANSPORT_OUT (68 * 1024)

struct transport {
	int fd_in, fd_out; /* non-blocking */
	bool eof;          /* the peer's FIN was read */
	/* do not report a FIN after a whole record, but return EAGAIN; set by the owner */
	bool keeps_end;
	bool started;        /* at least one byte came */
	unsigned char first; /* the first byte that came */
	int reads;           /* how many reads of the socket are left in this turn */
	/* records that GnuTLS has begun to take since the owner set this to 0 */
	unsigned records;
	unsigned records_max; /* after so many no more are given to GnuTLS; set by the owner */
	size_t body;          /* bytes of the current record that GnuTLS has not taken yet */
	unsigned head;        /* bytes of the next record's head that it has taken */
	unsigned char type;   /* of the current record, as its head has it in clear */
	unsigned char length; /* the first byte of its length, until the second is here */
	size_t in_at, in_end, out_at, out_end;
	unsigned char *in, *out;
};

/* Only one at a time in a process, which serves one connection. */
void transport_init(struct transport *t, int fd_in, int fd_out);

/*
 * Puts n bytes (TRANSPORT_IN at most) that were read before TLS started in front of what will be
 * read.
 */
void transport_preload(struct transport *t, const void *data, size_t n);

/*
 * Begins a turn.  After so many reads of the socket, transport_pull returns EAGAIN once the buffer
 * is empty, so that a peer that never stops sending does not keep the caller from looking at the
 * clock.
 */
void transport_turn(struct transport *t, int reads);

/*
 * Like read(2) and write(2), but from and into the buffers.  EAGAIN: the peer must act, or the turn
 * is over, or GnuTLS has taken more than records_max.
 */
ssize_t transport_pull(struct transport *t, void *data, size_t n);
ssize_t transport_push(struct transport *t, const void *data, size_t n);

/* Sends what was pushed: 0 if all is sent, 1 if the kernel accepts no more now, -1 and errno. */
int transport_flush(struct transport *t);

/*
 * The last n bytes that were pulled, as they came from the network; NULL if they are no longer
 * here.
 */
const unsigned char *transport_last(const struct transport *t, size_t n);

/* Frees the memory of empty buffers until bytes move again; transport_last then finds nothing. */
void transport_rest(struct transport *t);

/* Whether part of a record was pulled, but not its rest. */
bool transport_within_record(const struct transport *t);

/* Whether bytes were read from the kernel and not pulled yet. */
bool transport_pending(const struct transport *t);

#endif
