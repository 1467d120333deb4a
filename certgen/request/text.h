#ifndef INETLS_TEXT_H
#define INETLS_TEXT_H

/*
 * Text that a user typed or a certificate holds.  It must not steer a terminal or look like
 * something else.
 */

#include <stddef.h>
#include <stdio.h>

/*
 * How many characters text has.  It must be UTF-8 (RFC 3629) without control characters, marks that
 * change the direction of writing, and noncharacters; otherwise -1.
 */
long text_length(const char *text);

/* Prints text; bytes that text_length refuses become \xNN.  A backslash stays as it is. */
void text_print(FILE *out, const char *text);

/* Removes white space at both ends, in place; returns the new beginning. */
char *text_trim(char *text);

#endif
