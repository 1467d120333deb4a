#ifndef INETLS_DESCRIPTOR_H
#define INETLS_DESCRIPTOR_H

/*
 * Open descriptors: closing those that a process must not have, and passing some to another
 * process.
 */

/* Closes every open descriptor from first to last. */
void descriptor_close_all(unsigned first, unsigned last);

/* Closes these n. */
void descriptor_close_each(const int *fds, int n);

/* How many can be passed at once. */
#define DESCRIPTORS_MAX 10

/*
 * Sends n of them, with one byte, over a Unix socket to another process (unix(7), SCM_RIGHTS);
 * flags are sendmsg's.  0, or -1 and errno.
 */
int descriptor_send(int to, char byte, const int *fds, int n, int flags);

/*
 * Receives them into fds, which has DESCRIPTORS_MAX places: how many, 0 if the kernel could not
 * deliver all of them, or -1 if the other end has closed.
 */
int descriptor_receive(int from, char *byte, int *fds);

#endif
