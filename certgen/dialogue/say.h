#ifndef INETLS_SAY_H
#define INETLS_SAY_H

/* Messages on stderr: one line each, the program's name in front, untrusted text escaped. */

#include "failure.h"

/*
 * Call this first.  It makes sure that descriptors 0, 1 and 2 are open, so that no file opened
 * later gets one of these numbers.
 */
void say_begin(void);

/* Prints the failure's sentence; returns its code. */
int say_failure(const struct failure *why);

/* Prints a sentence. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Prints what is wrong with the command line; returns EX_USAGE. */
int say_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * For an option that getopt_long(3) refused with result c ('?' or ':'), right after that: prints
 * which option and why; returns EX_USAGE.
 */
int say_bad_option(int c, char *const argv[]);

#endif
