#ifndef INETLS_CHECK_STATE_H
#define INETLS_CHECK_STATE_H

/* What --check looks at and how it says what it has found, for the files of this room alone. */

#include "options/options.h"

struct check {
	const struct options *o;
	int code; /* of the first error */
};

/* One finding; kind is "ok", "warning" or "error". */
void check_say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* An error, which --check ends with. */
void check_say_error(struct check *c, const struct failure *why);

/* Key and certificates; and the options and files of TLS, as a session would take them. */
void check_pem(struct check *c);
void check_tls(struct check *c);
void check_revocation(struct check *c);
void check_tickets(const struct check *c);

/* The service of -r or -l: whether it can be reached, and how it answers. */
void check_backend(struct check *c);

#endif
