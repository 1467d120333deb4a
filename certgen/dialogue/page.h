#ifndef INETLS_PAGE_H
#define INETLS_PAGE_H

/*
 * Text for people.  On a terminal it fits the terminal's width and may be coloured; elsewhere each
 * line stays whole, so that a script can read it.
 */

#include <stdio.h>

enum page_colour { PAGE_GREEN, PAGE_YELLOW, PAGE_RED };

/*
 * Prints label, padded to column, and then text.  On a narrower terminal the text is broken at
 * blanks and after colons, and continues in the same column.  Untrusted bytes are escaped.
 */
void page_line(FILE *out, const char *label, int column, const char *text);

/* Prints a word, coloured if the stream is a terminal, NO_COLOR is not set and TERM is not dumb. */
void page_word(FILE *out, enum page_colour colour, const char *word);

#endif
