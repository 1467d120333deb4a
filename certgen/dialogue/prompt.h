#ifndef INETLS_PROMPT_H
#define INETLS_PROMPT_H

/* The questions on the terminal.  Whoever stops answering has written nothing. */

#include <stdio.h>

#include "request/request.h"

/*
 * Asks for each field, with what the request holds as the answer of an empty line, and "." for
 * none.  A refused answer gets its reason and is asked for again.  0, or -1 and *why: EX_DATAERR
 * after three refusals of one question and at the end of the input.
 */
int prompt_request(struct request *request, FILE *in, FILE *out, struct failure *why);

/* Asks a question whose empty answer is yes.  0 for yes, else -1 and *why: EX_DATAERR. */
int prompt_confirm(const char *question, FILE *in, FILE *out, struct failure *why);

#endif
