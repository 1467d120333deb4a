#ifndef INETLS_OPTIONS_TABLE_H
#define INETLS_OPTIONS_TABLE_H

/*
 * The options that there are, one row for each.  What getopt_long takes, what -h prints (and with
 * it the completion) and what is refused on the other side come from here.  A new option is a row,
 * its setter, its line in inetls-wrap(8) and its test.
 */

#include <stddef.h>

#include "options/options_row.h"

#define OPTIONS_ROWS_MAX 64

/* The i-th row, or NULL. */
const struct options_row *options_row(size_t i);

#endif
