#ifndef INETLS_PASSPHRASE_H
#define INETLS_PASSPHRASE_H

/*
 * Passphrases: from a file or from the terminal, never from the command line, which everybody can
 * read.
 */

#include <stdio.h>

#include "failure.h"

#define PASSPHRASE_MAX 1023

struct passphrase {
	char text[PASSPHRASE_MAX + 1];
};

/*
 * The first line of a file, of a pipe as well.  0, or -1 and *why: EX_NOINPUT, EX_NOPERM where
 * others can read the file, EX_DATAERR where the line is empty or too long.
 */
int passphrase_read(const char *path, struct passphrase *passphrase, struct failure *why);

/*
 * Asks, unseen.  0, or -1 and *why (EX_DATAERR) at the end of the input or where nothing is typed.
 */
int passphrase_ask(
    const char *question, FILE *in, FILE *out, struct passphrase *passphrase, struct failure *why);

/*
 * Asks twice, until both are the same, three times at most.  Where none may be wanted an empty line
 * says so. 0, or -1 and *why: EX_DATAERR.
 */
int passphrase_choose(const char *question, int may_be_empty, FILE *in, FILE *out,
    struct passphrase *passphrase, struct failure *why);

void passphrase_wipe(struct passphrase *passphrase);

#endif
