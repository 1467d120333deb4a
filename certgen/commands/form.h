#ifndef INETLS_FORM_H
#define INETLS_FORM_H

/* The forms of a client's key and certificate, and the files of each. */

#include <limits.h>

#include "commands/order.h"

#define FORM_FILES 3

enum form { FORM_PEM, FORM_LIBPQ, FORM_P12, FORM_PK8 };

/* What the options ask for.  0, or EX_USAGE with the sentence printed. */
int form_choose(const struct order *order, enum form *form);

/*
 * Where the files go: the key's first, "" for those that a form does not have.  The user is
 * order->words[0]. 0, or EX_USAGE with the sentence printed where that makes no good name of a
 * file.
 */
int form_paths(const struct order *order, enum form form, char paths[FORM_FILES][PATH_MAX]);

#endif
