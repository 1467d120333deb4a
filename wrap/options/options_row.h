#ifndef INETLS_OPTIONS_ROW_H
#define INETLS_OPTIONS_ROW_H

/* One option: a row of options_table.c. */

#include <stddef.h>

#include "options/options.h"

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

#endif
