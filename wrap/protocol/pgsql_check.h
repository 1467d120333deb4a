#ifndef INETLS_PGSQL_CHECK_H
#define INETLS_PGSQL_CHECK_H

/* --check: how a PostgreSQL answers a client that asks to be its superuser (protocol.h). */

#include "protocol/protocol.h"

void pgsql_check(const struct protocol_service *service, protocol_say *say, int64_t deadline);

#endif
