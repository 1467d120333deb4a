#ifndef INETLS_OPTIONS_CHECK_H
#define INETLS_OPTIONS_CHECK_H

/* Which options may be combined; for options_parse.c. */

#include "options/options.h"

/*
 * Sets the service's name if -N gave none: the program's, else the backend's as written.  0, or -1
 * and *why (EX_USAGE) if that is too long.
 */
int options_name_service(struct options *o, struct failure *why);

/*
 * Checks the combination.  The rest of argv, from optind on, must be the program's arguments, or
 * empty.  0, or -1 and *why (EX_USAGE).
 */
int options_check(struct options *o, int argc, char **argv, struct failure *why);

#endif
