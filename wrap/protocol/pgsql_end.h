#ifndef INETLS_PGSQL_END_H
#define INETLS_PGSQL_END_H

/* What becomes of PostgreSQL clients that do not come as far as the relay. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tls/tls.h"

/*
 * Tells the client behind TLS, as an ErrorResponse that it can show, why there is no database;
 * whether it was one that waits for such an answer.  Flushes nothing.
 */
bool pgsql_tell_unavailable(struct tls *t, const char *reason, int64_t deadline);

/*
 * Passes a CancelRequest on to the connected backend as it came, and waits for its end, which is
 * the only answer, as with PostgreSQL itself.  0, or -1 where it could not be written.
 */
int pgsql_pass_cancel(int backend, const void *packet, size_t n, int64_t deadline);

#endif
