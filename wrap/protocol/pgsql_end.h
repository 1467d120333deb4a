#ifndef INETLS_PGSQL_END_H
#define INETLS_PGSQL_END_H

/* Answers PostgreSQL clients whose session ends before the relay (protocol.h). */

#include "protocol/protocol.h"

bool pgsql_tell_unavailable(
    struct protocol_talk *t, struct tls *tls, const char *reason, int64_t deadline);
void pgsql_tell_local(
    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline);
bool pgsql_tell_direct(struct protocol_talk *t, struct tls *tls, int64_t deadline);
int pgsql_pass_cancel(struct protocol_talk *t, int service, int64_t deadline);

/* What PQcancelBlocking of libpq 17 sends. */
bool pgsql_is_cancel(const struct protocol_heard *h, uint64_t said);

#endif
