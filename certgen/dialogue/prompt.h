#ifndef INETLS_PROMPT_H
#define INETLS_PROMPT_H

/* The questions on the terminal.  Nothing is written until all are answered. */

#include <stdio.h>

#include "request/request.h"

/*
 * Asks for each field.  An empty line keeps what the request holds, "." makes the field empty.  If
 * an answer is refused, the reason is shown and the question asked again.  0, or -1 and *why:
 * EX_DATAERR after three refusals of one question, or at the end of input.
 */
int prompt_request(struct request *request, FILE *in, FILE *out, struct failure *why);

/* Asks a question; an empty answer means yes.  0 for yes, else -1 and *why: EX_DATAERR. */
int prompt_confirm(const char *question, FILE *in, FILE *out, struct failure *why);

#endif
