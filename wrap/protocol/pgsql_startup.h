#ifndef INETLS_PGSQL_STARTUP_H
#define INETLS_PGSQL_STARTUP_H

/*
 * Client mode's part in the start of a PostgreSQL session: a server that speaks TLS offers
 * SCRAM-SHA-256-PLUS, which binds the password to the TLS channel, and libpq ends a connection
 * without TLS where that is offered.
 */

#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

enum pgsql_passed {
	PGSQL_PASSED,     /* go on with whatever comes */
	PGSQL_PASS_CUT,   /* TLS has failed; tls_reason says why */
	PGSQL_PASS_ENDED, /* a signal */
	PGSQL_PASS_LATE,  /* the local program has not read or said what it should in time */
	PGSQL_PASS_DEAF,  /* the local program takes no more; errno says why */
};

struct pgsql_startup {
	struct tls *tls;
	int fd_in, fd_out; /* the local program */
	size_t rest;       /* of the StartupMessage, still to be read from it */
	size_t in, out;    /* bytes that were passed on, from the server and to it */
};

/*
 * Sends the rest of the StartupMessage, and passes the server's answers on until it has said how
 * the user is to prove who he is.  The local program has patience_ms to finish its message, and as
 * long to take each answer; the server may take its time.
 */
enum pgsql_passed pgsql_pass_startup(struct pgsql_startup *s, int64_t patience_ms);

/*
 * Takes the mechanisms that bind to a channel out of a whole message of n bytes, where it is an
 * AuthenticationSASL that offers them (PostgreSQL manual, "SASL Authentication").  Returns its
 * length now.
 */
size_t pgsql_without_binding(unsigned char *message, size_t n);

#endif
