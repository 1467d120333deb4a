#ifndef INETLS_INDEX_H
#define INETLS_INDEX_H

/*
 * The CA's record: a text file, one line for each event, fields with tabs between, only ever
 * appended to.
 *
 *	issued	SERIAL	WHEN	EXPIRES	server|client	NAMES
 *	revoked	SERIAL	WHEN
 *	crl	NUMBER	WHEN	NEXT
 *
 * Serials are hexadecimal, times are UTC as in 2026-11-24T08:00:00Z.  A line that begins with # is
 * a comment, and one that ends in a # was cut off: what it was to record never left the CA.
 */

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "failure.h"

#define INDEX_MAX (64 * 1024 * 1024)
#define INDEX_SERIAL_MAX (2 * 20 + 1)
#define INDEX_HEAD                                                                                  \
	"# What this CA has signed, one line for each event.  inetls-certgen only appends to it:\n" \
	"# issued\tSERIAL\tWHEN\tEXPIRES\tKIND\tNAMES\n"                                            \
	"# revoked\tSERIAL\tWHEN\n"                                                                 \
	"# crl\tNUMBER\tWHEN\tNEXT\n"

enum index_event { INDEX_ISSUED, INDEX_REVOKED, INDEX_CRL };

struct index {
	char path[PATH_MAX];
	int fd;
	char *text; /* as it was read: what is appended later is not in it */
	size_t len;
	off_t size;  /* of the file, what was appended included */
	int cut_off; /* its last line has no end */
};

struct index_entry {
	enum index_event event;
	char serial[INDEX_SERIAL_MAX]; /* of INDEX_CRL: its number */
	time_t when, expires;          /* expires: of INDEX_REVOKED 0 */
	const char *rest;              /* kind and names, up to rest_len; not ended by a NUL */
	size_t rest_len;
};

/*
 * Opens, locks and reads it: until index_close nobody else has it, for which it waits ten seconds
 * at most. 0, or -1 and *why: EX_TEMPFAIL, EX_DATAERR with the line that cannot be understood,
 * EX_NOINPUT and others.
 */
int index_open(struct index *index, const char *path, struct failure *why);
void index_close(struct index *index);

/* Goes from line to line; *at is 0 at first.  1 and *entry, or 0 after the last one. */
int index_next(const struct index *index, size_t *at, struct index_entry *entry);

/* Whether a certificate of that serial was issued, and whether it was revoked. */
int index_issued(const struct index *index, const char *serial);
int index_revoked(const struct index *index, const char *serial);

/*
 * Appends one event (rest: NULL where it has none) and syncs it to the disk.  0, or -1 and *why,
 * with the file as it was: what could not be recorded must not leave the CA.
 */
int index_append(struct index *index, const struct index_entry *entry, struct failure *why);

#endif
