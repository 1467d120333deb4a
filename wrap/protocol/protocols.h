#ifndef INETLS_PROTOCOLS_H
#define INETLS_PROTOCOLS_H

/* All protocols for -n. */

#include <stddef.h>

#include "protocol/protocol.h"

/* Protocol number i, or NULL after the last. */
const struct protocol *protocols_at(size_t i);

/* Finds one by its name for -n, or by its usual port; NULL if there is none. */
const struct protocol *protocols_by_name(const char *name);
const struct protocol *protocols_by_port(const char *port);

#endif
