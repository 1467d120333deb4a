#ifndef INETLS_TEXT_H
#define INETLS_TEXT_H

/*
 * Text that people typed or that a certificate holds: nothing of it may steer a terminal or pass
 * for more.
 */

#include <stddef.h>
#include <stdio.h>

/*
 * The number of characters of text, which must be UTF-8 (RFC 3629) without control characters,
 * marks that turn the direction of writing, and noncharacters; -1 where it is not.
 */
long text_length(const char *text);

/* Prints it with every byte of what text_length refuses as \xNN; a backslash stays as it is. */
void text_print(FILE *out, const char *text);

/* Cuts white space off both ends, in place, and returns the new beginning. */
char *text_trim(char *text);

#endif
