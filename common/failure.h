#ifndef INETLS_FAILURE_H
#define INETLS_FAILURE_H

/*
 * Why a module could not do what it was asked: an exit code of sysexits(3), and one sentence that
 * says what, on what, why and, where it helps, how to mend it.  Modules fill it and return -1 or
 * NULL; only the callers at the top log or print it.
 */

#include <sysexits.h>

struct failure {
	int code; /* EX_*; 0 if nothing has failed */
	/* no newline; may hold untrusted bytes, so the caller that prints it escapes them */
	char text[512];
};

/*
 * Fills *why (NULL: does nothing) and returns -1, so that a caller can return it.  errno is kept.
 */
int failure_set(struct failure *why, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
