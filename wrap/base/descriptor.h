#ifndef INETLS_DESCRIPTOR_H
#define INETLS_DESCRIPTOR_H

/*
 * Open descriptors: closing those that a process must not have, and passing one to another
 * process.
 */

/* Closes every open descriptor from first to last. */
void descriptor_close_all(unsigned first, unsigned last);

/* Sends one over a Unix socket to another process (unix(7), SCM_RIGHTS).  0, or -1 and errno. */
int descriptor_send(int to, int fd);

/* Receives one; -1 if the other end has closed, or the kernel could not deliver it. */
int descriptor_receive(int from);

#endif
