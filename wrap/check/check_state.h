#ifndef INETLS_CHECK_STATE_H
#define INETLS_CHECK_STATE_H

/* How --check reports its findings, and its parts; only for the files of this room. */

#include <stdbool.h>

#include "base/address.h"
#include "options/options.h"

struct check {
	const struct options *o;
	int code; /* of the first error */
};

/*
 * --check: tries the configuration before a client has to, and prints one line for each finding:
 * "ok", "warning" or "error" and a sentence.  0, or the exit code of the first error.
 */
int check_run(const struct options *o);

/* -V: prints the versions, how the program is linked, and a warning if GnuTLS was updated since. */
void check_print_version(void);

/* Prints one finding; kind is "ok", "warning" or "error". */
void check_say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Prints an error; --check will exit with the code of the first. */
void check_say_error(struct check *c, const struct failure *why);

/* Checks key and certificates, and the options and files for TLS as a session would. */
void check_pem(struct check *c);
void check_tls(struct check *c);
void check_revocation(struct check *c);
void check_tickets(const struct check *c);

/*
 * Warns if others can put another file in the place of the one at path, whatever its mode: they can
 * write to its directory.  A sticky directory keeps a file that is there, but not a free name.
 */
void check_directory(const char *what, const char *path, bool sticky_is_safe);

/* Checks whether the service of -r or -l can be reached, and how it answers. */
void check_backend(struct check *c);

/*
 * -T: says whether the kernel brings back to us what is sent from loopback to a client's address of
 * that family.
 */
bool check_transparent(struct check *c, int family);

/* An address of that family that no client has. */
void check_somebody(int family, struct address *out);

#endif
