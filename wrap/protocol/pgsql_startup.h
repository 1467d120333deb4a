#ifndef INETLS_PGSQL_STARTUP_H
#define INETLS_PGSQL_STARTUP_H

/*
 * Client mode's part in the start of a PostgreSQL session (protocol.h): a server that speaks TLS
 * offers SCRAM-SHA-256-PLUS, which binds the password to the TLS channel, and libpq ends a
 * connection without TLS where that is offered.
 */

#include <stddef.h>

#include "protocol/protocol.h"

enum protocol_passed pgsql_pass_startup(struct protocol_start *s, int64_t patience_ms);

/*
 * Takes the mechanisms that bind to a channel out of a whole message of n bytes, where it is an
 * AuthenticationSASL that offers them (PostgreSQL manual, "SASL Authentication").  Returns its
 * length now.
 */
size_t pgsql_without_binding(unsigned char *message, size_t n);

#endif
