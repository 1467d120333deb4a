#ifndef INETLS_PROTOCOLS_H
#define INETLS_PROTOCOLS_H

/* The protocols that there are for -n. */

#include <stddef.h>

#include "protocol/protocol.h"

/* The i-th of them, or NULL. */
const struct protocol *protocols_at(size_t i);

/* By what -n says, or by the usual port of the service; NULL where there is none. */
const struct protocol *protocols_by_name(const char *name);
const struct protocol *protocols_by_port(const char *port);

#endif
