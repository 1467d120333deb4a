#ifndef INETLS_REQUEST_H
#define INETLS_REQUEST_H

/* What is wanted of a certificate.  Nothing gets in here that has not been validated. */

#include <stddef.h>

#include "failure.h"
#include "request/name.h"

#define REQUEST_NAMES_MAX 64
#define REQUEST_DAYS 825 /* the most that Apple's programs accept of a server's certificate */
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
	int issued;                           /* by a CA, and not self-signed */
	char common[REQUEST_TEXT_MAX + 1];    /* common name; empty: the first name */
	struct name names[REQUEST_NAMES_MAX]; /* of a CA: what it may sign for */
	size_t name_count;
	char org[REQUEST_TEXT_MAX + 1];
	char locality[REQUEST_TEXT_MAX + 1];
	char state[REQUEST_TEXT_MAX + 1];
	char country[2 + 1];
	long days;
	const struct key_kind *key;
};

/* No names, empty texts, 825 days (a CA: 3650); no kind of key. */
void request_init(struct request *request, enum request_purpose purpose);

/*
 * Sets the common name: not empty, at most 64 characters, printable.  0, or -1, *why (EX_DATAERR)
 * and the request as it was.
 */
int request_set_common(struct request *request, const char *text, struct failure *why);

/* Adds one name; one that is there already is not added twice.  0, or -1 and *why: EX_DATAERR. */
int request_add_name(struct request *request, const char *text, struct failure *why);

/*
 * Adds what this host is called: its full name, its short name, localhost; to a CA's request its
 * domain, or these two where it has none.  May ask DNS.
 */
void request_add_own_names(struct request *request);

/*
 * Replaces one field by what was typed or given: names with blanks or commas between them, an empty
 * text, a number.  0, or -1, *why (EX_DATAERR) and the request as it was.
 */
int request_set(
    struct request *request, enum request_field field, const char *text, struct failure *why);

/* The field as request_set reads it; cut off at size.  Returns buf. */
const char *
request_get(const struct request *request, enum request_field field, char *buf, size_t size);

/*
 * The name for a client's next command: the first that is no wildcard, else one that the first one
 * covers.
 */
const char *request_host(const struct request *request, char *buf, size_t size);

#endif
