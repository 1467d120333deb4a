#ifndef INETLS_SPELLING_H
#define INETLS_SPELLING_H

/* Finds the word that a mistyped one was meant to be. */

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether the words are equal, or differ by one letter that is wrong, missing or too many, or by
 * two neighbouring letters exchanged.
 */
bool spelling_is_near(const char *word, const char *meant);

/* The subcommand that a word is or was probably meant to be; NULL if none. */
const char *spelling_command(const char *word);

/*
 * Lists the subcommands in a set of enum order_kind, as in "server, client and sign"; the form
 * without a subcommand is "the first form".  Returns buf.
 */
const char *spelling_kinds(int kinds, char *buf, size_t size);

#endif
