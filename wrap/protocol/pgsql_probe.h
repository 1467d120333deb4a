#ifndef INETLS_PGSQL_PROBE_H
#define INETLS_PGSQL_PROBE_H

/* --check: what a PostgreSQL says to somebody who asks to be its superuser. */

#include <stdint.h>

enum pgsql_welcome {
	PGSQL_NO_ANSWER, /* nothing, or nothing that PostgreSQL says */
	PGSQL_TRUSTS,    /* come in */
	PGSQL_ASKS,      /* prove it: by a password, or in whatever way */
	PGSQL_DECLINES,  /* an error */
};

/* Asks on a connected non-blocking socket, as the user postgres, and reads the head of the answer.
 */
enum pgsql_welcome pgsql_probe(int fd, int64_t deadline);

#endif
