#ifndef INETLS_PAGE_H
#define INETLS_PAGE_H

/*
 * Text for people: on a terminal it keeps to the terminal's width and may be coloured; elsewhere
 * each line stays whole, so that a script can read it.
 */

#include <stdio.h>

enum page_colour { PAGE_GREEN, PAGE_YELLOW, PAGE_RED };

/* The columns of the terminal that a stream is, or 0 where it is none or does not say. */
int page_width(FILE *out);

/*
 * Prints label, padded to a column, and text behind it.  Where that is wider than the terminal it
 * is broken at blanks and after colons, and goes on below its beginning.  Untrusted bytes are
 * escaped.
 */
void page_line(FILE *out, const char *label, int column, const char *text);

/* Prints a word, in colour where that is a terminal, NO_COLOR is not set and TERM is not dumb. */
void page_word(FILE *out, enum page_colour colour, const char *word);

#endif
