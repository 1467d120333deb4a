#ifndef INETLS_PROGRAM_H
#define INETLS_PROGRAM_H

/*
 * A program behind TLS (-l), on one end of a socket pair.  Its parent, the starter, is forked
 * before the session is confined, and reads nothing from the network: it gives up root as the
 * session does, waits for one message of fixed size, starts the program with what the message says
 * in its environment, and from then on passes its stderr to the log and says how it ended.  A
 * handshake that fails ends the starter instead.
 */

#include <stdbool.h>

#include "failure.h"

struct confine;

/* What the program is told, as mod_ssl and ucspi-tcp name it; "" is not told. */
struct program_facts {
	char protocol[16], cipher[32], sni[256];
	char client_subject[256], client_issuer[256], client_sha256[65];
	int client_verified; /* what the certificate says was looked at, and not only asked for */
	char remote_ip[64], remote_port[8], local_ip[64], local_port[8];
};

struct program {
	int fd;      /* our end of the socket pair, non-blocking, or -1 */
	int control; /* to the starter, or -1 */
	/* what is open and none of the starter's business, or -1 */
	int others[2];
};

/*
 * Forks the starter.  argv ends with NULL and stays the caller's; p->others is set.  0, or -1 and
 * *why.
 */
int program_prepare(struct program *p, const char *path, char *const *argv,
    const struct confine *user, struct failure *why);

/* Starts the program.  0, or -1 and *why (EX_UNAVAILABLE). */
int program_start(struct program *p, const struct program_facts *facts, struct failure *why);

/*
 * Lets the program go: where the session was complete it may finish in its own time, else it is
 * killed, so that it cannot take what it has for the whole.
 */
void program_leave(struct program *p, bool complete);

#endif
