#ifndef INETLS_OPTIONS_CHECK_H
#define INETLS_OPTIONS_CHECK_H

/* What of the options goes together; for options.c. */

#include "options/options.h"

/* The service's name where -N gave none: the program's, else the backend's as written. */
void options_name_service(struct options *o);

/*
 * argv's rest, from optind, is the program's arguments, or must be empty.  0, or -1 and *why
 * (EX_USAGE).
 */
int options_check(struct options *o, int argc, char **argv, struct failure *why);

#endif
