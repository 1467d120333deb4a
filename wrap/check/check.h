#ifndef INETLS_CHECK_H
#define INETLS_CHECK_H

/* What a person asks for at a terminal: --check tries the configuration before a client has to. */

#include "options/options.h"

/*
 * Prints one line for each finding: "ok", "warning" or "error" and a sentence.  0, or the exit code
 * of the first error.
 */
int check_run(const struct options *o);

/* -V: prints the versions, how the program is linked, and a warning if GnuTLS was updated since. */
void check_print_version(void);

/*
 * --help, --version or --check: prints to stdout, but never if stdout is a peer, and returns the
 * exit code.
 */
int check_answer(const struct options *o);

#endif
