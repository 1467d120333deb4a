#ifndef INETLS_PGSQL_NAMES_H
#define INETLS_PGSQL_NAMES_H

/*
 * Which names a PostgreSQL client gives in its StartupMessage (PostgreSQL manual, "Message
 * Formats"): user, database and application_name.  If one is given twice the last counts, and of
 * each the first 63 bytes, as PostgreSQL has it.
 */

#include "protocol/protocol.h"

/* protocol.h, hear.  Pure: nothing but *h goes into the result, and nothing else changes. */
bool pgsql_hear(struct protocol_heard *h, const unsigned char *data, size_t n);

#endif
