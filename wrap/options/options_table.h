#ifndef INETLS_OPTIONS_TABLE_H
#define INETLS_OPTIONS_TABLE_H

/*
 * The options that there are, one row for each.  What getopt_long takes, what -h prints (and with
 * it the completion) and what is refused on the other side come from here.  A new option is a row,
 * its setter, its line in inetls-wrap(8) and its test.
 */

#include <stddef.h>

#include "options/options.h"

#define OPTIONS_ROWS_MAX 64

enum options_side { OPTIONS_OF_BOTH, OPTIONS_OF_SERVER, OPTIONS_OF_CLIENT };

struct options_row {
	char letter;          /* or '\0' */
	const char *name;     /* the long one, or NULL */
	const char *argument; /* as the usage shows it; NULL: it takes none */
	const char *help;     /* NULL: an old option that the usage does not show */

	/*
	 * One of the two: checks the argument and puts it into its place, or into a field of struct
	 * options.  0, or -1 and *why (EX_USAGE): what is wrong with it, and what to write instead.
	 */
	int (*set)(struct options *o, const char *text, struct failure *why);
	int (*keep)(
	    const struct options_row *row, void *field, const char *text, struct failure *why);
	size_t field; /* its offset */
	long max;     /* of a number */

	enum options_side side;
	const char *misplaced; /* what is said where the other side is given it */
};

/* The i-th row, or NULL. */
const struct options_row *options_row(size_t i);

#endif
