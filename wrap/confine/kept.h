#ifndef INETLS_KEPT_H
#define INETLS_KEPT_H

#include <stdbool.h>
#include <stdint.h>

/* What a session keeps. */
struct confine_kept {
	/* becomes the root directory where the process is root; "" is an empty one */
	const char *root;
	const int *connectable; /* sockets that may be connected; -1 where there is none */
	/* of TCP, host order, 0 where there is none: no other may be connected to */
	const uint16_t *ports;
	int n;             /* of both, 8 at most */
	int highest_fd;    /* no number above it is needed */
	bool accepts;      /* the connection is still to come */
	bool writes_file;  /* the log is a regular file */
	bool keeps_record; /* a file of known hosts is read, locked and appended to */
};

#endif
