#ifndef INETLS_REQUEST_H
#define INETLS_REQUEST_H

/* What the certificate shall say.  Everything in here has been validated. */

#include <stddef.h>

#include "failure.h"
#include "request/name.h"

#define REQUEST_NAMES_MAX 64
#define REQUEST_DAYS 825 /* the longest validity that Apple's programs accept for a server */
#define REQUEST_CA_DAYS 3650
#define REQUEST_TEXT_MAX 512 /* 128 characters (X.520) of 4 bytes */

enum request_field {
	REQUEST_NAMES,
	REQUEST_ORG,
	REQUEST_LOCALITY,
	REQUEST_STATE,
	REQUEST_COUNTRY,
	REQUEST_VALID_DAYS,
	REQUEST_FIELDS
};

enum request_purpose { REQUEST_SERVER, REQUEST_CLIENT, REQUEST_AUTHORITY };

struct key_kind;

struct request {
	enum request_purpose purpose;
	int issued;                           /* signed by a CA, and not self-signed */
	char common[REQUEST_TEXT_MAX + 1];    /* common name; empty: the first name is used */
	struct name names[REQUEST_NAMES_MAX]; /* for a CA: what it may sign for */
	size_t name_count;
	char org[REQUEST_TEXT_MAX + 1];
	char locality[REQUEST_TEXT_MAX + 1];
	char state[REQUEST_TEXT_MAX + 1];
	char country[2 + 1];
	long days;
	const struct key_kind *key;
};

/* No names, empty texts, 825 days (for a CA 3650), no kind of key. */
void request_init(struct request *request, enum request_purpose purpose);

/*
 * Sets the common name: not empty, at most 64 characters, printable.  0, or -1 and *why
 * (EX_DATAERR) with the request unchanged.
 */
int request_set_common(struct request *request, const char *text, struct failure *why);

/* Adds one name, unless it is already there.  0, or -1 and *why: EX_DATAERR. */
int request_add_name(struct request *request, const char *text, struct failure *why);

/*
 * Adds the names of this host: its full name, its short name, localhost.  For a CA's request it
 * adds the host's domain instead, or short name and localhost if it has none.  May ask DNS.
 */
void request_add_own_names(struct request *request);

/*
 * Sets one field to what was typed or given: names separated by blanks or commas, a text that may
 * be empty, a number.  0, or -1 and *why (EX_DATAERR) with the request unchanged.
 */
int request_set(
    struct request *request, enum request_field field, const char *text, struct failure *why);

/* The field as a text that request_set would accept; cut off at size.  Returns buf. */
const char *
request_get(const struct request *request, enum request_field field, char *buf, size_t size);

/*
 * The host name for the client's next command: the first that is not a wildcard, else one that the
 * first wildcard covers.
 */
const char *request_host(const struct request *request, char *buf, size_t size);

#endif
