#ifndef INETLS_DESCRIPTOR_H
#define INETLS_DESCRIPTOR_H

/* What a process has open: closed where it is none of its business, or passed on to another. */

/* Closes every descriptor from first to last, as far as there are any. */
void descriptor_close_all(unsigned first, unsigned last);

/* Closes these n. */
void descriptor_close_each(const int *fds, int n);

/* How many are passed at once, at most. */
#define DESCRIPTORS_MAX 10

/*
 * Passes n of them to another process, with one byte, over a Unix socket (unix(7), SCM_RIGHTS);
 * flags are sendmsg's.  0, or -1 and errno.
 */
int descriptor_send(int to, char byte, const int *fds, int n, int flags);

/*
 * Takes them, to fds, which has DESCRIPTORS_MAX places: how many, 0 where not all of them could be
 * had, or -1 where the other end has left.
 */
int descriptor_receive(int from, char *byte, int *fds);

#endif
