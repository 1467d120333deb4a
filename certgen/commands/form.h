#ifndef INETLS_FORM_H
#define INETLS_FORM_H

/* The forms in which a client gets its key and certificate, and the files of each form. */

#include <limits.h>

#include "commands/order.h"

#define FORM_FILES 3

enum form { FORM_PEM, FORM_LIBPQ, FORM_P12, FORM_PK8 };

/* The form that the options ask for.  0, or EX_USAGE with the sentence printed. */
int form_choose(const struct order *order, enum form *form);

/*
 * The paths of the files: the key's first, "" for those that the form does not have.  The user is
 * order->words[0].  0, or EX_USAGE with the sentence printed if that makes no good file name, or a
 * path is too long.
 */
int form_paths(const struct order *order, enum form form, char paths[FORM_FILES][PATH_MAX]);

#endif
