#ifndef INETLS_ORDER_H
#define INETLS_ORDER_H

/* The command line of each subcommand that makes or signs something, read into one struct. */

#include <sys/stat.h>
#include <time.h>

#include "ca/ca.h"
#include "commands/kind.h"
#include "failure.h"
#include "request/request.h"

struct order {
	struct request request;
	char **words; /* the arguments that are not options, ended by NULL */
	int word_count;
	const char *ca, *password_file;
	const char *key_url; /* --key pkcs11:..., or NULL */
	struct key key;      /* that key, once issue_open_key has opened it */
	const char *libpq, *p12, *p12_password_file;
	int pk8, legacy;
	int ask, batch, force, quiet, new_key, for_client, days_given;
	int has_owner;
	struct stat owner; /* of --owner: uid and gid that the new PEM gets */
	long before;       /* -1: not given */
	time_t now;
};

/*
 * Reads options, words and the clock, which must not be before this program's release.  0, or with
 * the sentence printed an exit code or a COMMAND_* of usage.h.
 */
int order_read(struct order *order, enum order_kind kind, int argc, char *argv[]);

/* Adds the words from number first on as names.  0, or an exit code with the sentence printed. */
int order_take_names(struct order *order, int first);

/*
 * Whether a word is a file name: it ends in .pem or has a slash.  So a mistyped subcommand does not
 * become a file with a key.
 */
int order_is_file(const char *word);

/* Whether to ask questions: on a terminal, or because of --ask. */
int order_asks(const struct order *order);

/* Where to get the passphrase of the CA's key. */
struct ca_secret order_secret(const struct order *order);

#endif
