#ifndef INETLS_SAY_H
#define INETLS_SAY_H

/* What the program says on stderr: one line each, its name in front, untrusted text escaped. */

#include "failure.h"

/*
 * First of all: descriptors 0, 1 and 2 are open after this, so that no file opened later takes
 * their place.
 */
void say_begin(void);

/* Prints the failure's sentence; returns its code. */
int say_failure(const struct failure *why);

/* Prints a sentence. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints how the command line is wrong; returns EX_USAGE. */
int say_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * For an option that getopt_long(3) refused with result c ('?' or ':'), whose index it left at
 * optind: prints which one and why; returns EX_USAGE.
 */
int say_bad_option(int c, char *const argv[]);

#endif
