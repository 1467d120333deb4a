#ifndef INETLS_INDEX_H
#define INETLS_INDEX_H

/*
 * The CA's record: a text file to which one line is appended for each event.  Fields are separated
 * by tabs.
 *
 * 	issued	SERIAL	WHEN	EXPIRES	server|client	NAMES
 * 	revoked	SERIAL	WHEN
 * 	crl	NUMBER	WHEN	NEXT
 *
 * Serials are hexadecimal, times are UTC as in 2026-11-24T08:00:00Z.  A line that begins with # is
 * a comment.  A line that ends in # was cut off: the certificate or list it was to record never
 * left the CA.
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
	char *text; /* as it was read, without what is appended later */
	size_t len;
	off_t size;  /* of the file, with what was appended */
	int cut_off; /* the last line has no newline */
};

struct index_entry {
	enum index_event event;
	char serial[INDEX_SERIAL_MAX]; /* for INDEX_CRL the list's number */
	time_t when, expires;          /* expires: 0 for INDEX_REVOKED */
	const char *rest;              /* kind and names, rest_len bytes without a NUL */
	size_t rest_len;
};

/*
 * Opens, locks and reads the record.  Until index_close no other process can; this waits ten
 * seconds at most for its turn.  0, or -1 and *why: EX_TEMPFAIL, EX_DATAERR with the line that
 * cannot be parsed, EX_NOINPUT and others.
 */
int index_open(struct index *index, const char *path, struct failure *why);
void index_close(struct index *index);

/* Goes from line to line; set *at to 0 first.  1 and *entry, or 0 after the last line. */
int index_next(const struct index *index, size_t *at, struct index_entry *entry);

/* Whether a certificate with that serial was issued; index_revoked: whether it was revoked. */
int index_issued(const struct index *index, const char *serial);
int index_revoked(const struct index *index, const char *serial);

/*
 * Appends one event (rest: NULL if it has none) and syncs it to disk.  0, or -1 and *why with the
 * file unchanged: what could not be recorded must not leave the CA.
 */
int index_append(struct index *index, const struct index_entry *entry, struct failure *why);

#endif
