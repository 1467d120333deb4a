#ifndef INETLS_SPELLING_H
#define INETLS_SPELLING_H

/* Words that were mistyped, and those that may have been meant. */

#include <stdbool.h>
#include <stddef.h>

/* Whether one letter is wrong, missing, too many, or two neighbours changed places; or nothing. */
bool spelling_is_near(const char *word, const char *meant);

/* The subcommand that a word is, or may have been meant to be; NULL where there is none. */
const char *spelling_command(const char *word);

/*
 * The subcommands of a set of enum order_kind as in "server, client and sign"; "the first form" is
 * among them.  Returns buf.
 */
const char *spelling_kinds(int kinds, char *buf, size_t size);

#endif
