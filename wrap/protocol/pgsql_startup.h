#ifndef INETLS_PGSQL_STARTUP_H
#define INETLS_PGSQL_STARTUP_H

/*
 * Client mode's part in the start of a PostgreSQL session (protocol.h).  A server with TLS offers
 * SCRAM-SHA-256-PLUS, which binds the password to the TLS channel.  libpq without TLS gives up when
 * it sees that offer, so the offer is taken out.
 */

#include <stddef.h>

#include "protocol/protocol.h"

enum protocol_passed pgsql_pass_startup(struct protocol_start *s, int64_t patience_ms);

/*
 * If a whole message of n bytes is an AuthenticationSASL (PostgreSQL manual, "SASL
 * Authentication"), removes the mechanisms that bind to a channel.  Returns its new length.
 */
size_t pgsql_without_binding(unsigned char *message, size_t n);

#endif
