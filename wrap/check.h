#ifndef INETLS_CHECK_H
#define INETLS_CHECK_H

/* --check: the configuration as given, tried before a client has to. */

#include "options/options.h"

/*
 * One line for each finding on stdout: "ok", "warning" or "error" and a sentence.  0, or the class
 * of the first error.
 */
int check_run(const struct options *o);

/* -V: the versions, how the program is linked, and a warning where GnuTLS was updated since. */
void check_print_version(void);

#endif
