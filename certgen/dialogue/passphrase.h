#ifndef INETLS_PASSPHRASE_H
#define INETLS_PASSPHRASE_H

/*
 * Passphrases come from a file or the terminal, never from the command line, which every user of
 * the machine can read.
 */

#include <stdio.h>

#include "failure.h"

#define PASSPHRASE_MAX 1023

struct passphrase {
	char text[PASSPHRASE_MAX + 1];
};

/*
 * Reads the first line of a file or pipe.  0, or -1 and *why: EX_NOINPUT, EX_NOPERM if others can
 * read the file, EX_DATAERR if the line is empty or too long.
 */
int passphrase_read(const char *path, struct passphrase *passphrase, struct failure *why);

/*
 * Asks with the echo off.  0, or -1 and *why (EX_DATAERR) at the end of input or if nothing is
 * typed.
 */
int passphrase_ask(
    const char *question, FILE *in, FILE *out, struct passphrase *passphrase, struct failure *why);

/*
 * Asks twice until both answers are equal, three times at most.  With may_be_empty an empty line
 * means no passphrase.  0, or -1 and *why: EX_DATAERR.
 */
int passphrase_choose(const char *question, int may_be_empty, FILE *in, FILE *out,
    struct passphrase *passphrase, struct failure *why);

void passphrase_wipe(struct passphrase *passphrase);

#endif
