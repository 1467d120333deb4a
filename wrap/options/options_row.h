#ifndef INETLS_OPTIONS_ROW_H
#define INETLS_OPTIONS_ROW_H

/* One option: a row of options_table.c. */

#include <stddef.h>

#include "options/options.h"

enum options_side { OPTIONS_OF_BOTH, OPTIONS_OF_SERVER, OPTIONS_OF_CLIENT };

struct options_row {
	char letter;          /* or '\0' */
	const char *name;     /* the long one, or NULL */
	const char *argument; /* as the usage shows it; NULL if the option takes none */
	const char *optional; /* the same if it may be left out: only after the long name and '=' */
	const char *help;     /* NULL for an old option, which the usage does not show */

	/*
	 * One of these two is set: set checks the argument and stores it where it belongs, keep
	 * stores it in a field of struct options.  0, or -1 and *why (EX_USAGE): what is wrong with
	 * the argument, and what to write instead.
	 */
	int (*set)(struct options *o, const char *text, struct failure *why);
	int (*keep)(
	    const struct options_row *row, void *field, const char *text, struct failure *why);
	size_t field; /* the field's offset */
	int max;      /* the largest number allowed */

	enum options_side side;
	const char *misplaced; /* the message if the option is given for the other side */
};

#endif
