#ifndef INETLS_CHECK_H
#define INETLS_CHECK_H

/* What a person asks for at a terminal. */

#include "options/options.h"

/*
 * --help, --version or --check: prints to stdout, but never if stdout is a peer, and returns the
 * exit code.
 */
int check_answer(const struct options *o);

#endif
