#ifndef INETLS_OPTIONS_TABLE_H
#define INETLS_OPTIONS_TABLE_H

/*
 * All options, one row for each.  This table says what getopt_long accepts, what -h prints (and the
 * completion, which is made from that), and what is refused for the other side.
 * doc/architecture.md says what else a new option needs.
 */

#include <stddef.h>

#include "options/options_row.h"

#define OPTIONS_ROWS_MAX 64

/* Row number i, or NULL after the last. */
const struct options_row *options_row(size_t i);

#endif
