#ifndef INETLS_SCOPE_H
#define INETLS_SCOPE_H

/* What a CA may sign for, as the user types it. */

#include "failure.h"
#include "request/name.h"

/* Parses a domain, an address, or a range as in 10.0.0.0/8.  0, or -1 and *why: EX_DATAERR. */
int scope_parse(const char *text, struct name *name, struct failure *why);

#endif
