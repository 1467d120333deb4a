#ifndef INETLS_KEPT_H
#define INETLS_KEPT_H

#include <stdbool.h>
#include <stdint.h>

/* What a session may still use once it is confined. */
struct confine_kept {
	/* the root directory if the process is root; "" means an empty one */
	const char *root;
	const int *connectable; /* sockets that it may connect; -1 where there is none */
	/* TCP ports in host order, 0 where there is none: it may connect to no other */
	const uint16_t *ports;
	int n;             /* length of both arrays, 8 at most */
	int highest_fd;    /* no descriptor number above this is needed */
	bool binds;        /* these sockets may be bound to an address, for -T */
	bool accepts;      /* the connection has yet to be accepted */
	bool writes_file;  /* the log is a regular file */
	bool keeps_record; /* a file of known hosts is read, locked and appended to */
};

#endif
