/*
 * The CA's record.  A line counts once its newline is on disk.  A line that a crash has cut off is
 * closed with a mark and never used.
 */

#include "ca/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define LOCK_TRIES 200 /* of 50 ms */
#define TIME_LEN 20    /* 2026-11-24T08:00:00Z */

static const char *const words[] = {
	[INDEX_ISSUED] = "issued",
	[INDEX_REVOKED] = "revoked",
	[INDEX_CRL] = "crl",
};

static int
failed(const char *doing, const struct index *index, struct failure *why)
{
	int full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == EIO;

	return failure_set(
	    why, full ? EX_IOERR : EX_OSERR, "%s %s: %s", doing, index->path, strerror(errno));
}

/*
 * Copies one field, up to the tab or the end of the line, and steps over it; 0 if it is too long.
 */
static int
take_field(const char **line, const char *end, char *field, size_t size)
{
	const char *tab = memchr(*line, '\t', (size_t)(end - *line));
	size_t len = (size_t)((tab == NULL ? end : tab) - *line);

	if (len == 0 || len >= size)
		return 0;
	memcpy(field, *line, len);
	field[len] = '\0';
	*line = tab == NULL ? end : tab + 1;
	return 1;
}

static int
take_time(const char **line, const char *end, time_t *when)
{
	char field[TIME_LEN + 1];
	struct tm tm;

	memset(&tm, 0, sizeof(tm));
	if (!take_field(line, end, field, sizeof(field)) || strlen(field) != TIME_LEN ||
	    strptime(field, "%Y-%m-%dT%H:%M:%SZ", &tm) != field + TIME_LEN)
		return 0;
	*when = timegm(&tm);
	return 1;
}

/*
 * 1 for an event, 0 for a comment or a line that was cut off, -1 for a line that cannot be parsed.
 */
static int
parse_line(const char *line, const char *end, struct index_entry *entry)
{
	char word[16];
	int event;

	memset(entry, 0, sizeof(*entry));
	if (line == end || *line == '#' || end[-1] == '#')
		return 0;
	if (!take_field(&line, end, word, sizeof(word)))
		return -1;
	for (event = INDEX_ISSUED; event <= INDEX_CRL && strcmp(word, words[event]) != 0; event++)
		;
	if (event > INDEX_CRL || !take_field(&line, end, entry->serial, sizeof(entry->serial)) ||
	    entry->serial[strspn(entry->serial, "0123456789ABCDEF")] != '\0' ||
	    !take_time(&line, end, &entry->when))
		return -1;
	/* A serial has whole bytes; the number of a list is a number. */
	if (event != INDEX_CRL && strlen(entry->serial) % 2 != 0)
		return -1;
	if (event != INDEX_REVOKED && !take_time(&line, end, &entry->expires))
		return -1;
	entry->event = (enum index_event)event;
	entry->rest = line;
	entry->rest_len = (size_t)(end - line);
	return 1;
}

/*
 * Finds the next whole line at *at and moves *at behind it: the line's end, or NULL if there is
 * none.
 */
static const char *
next_line(const struct index *index, size_t *at, const char **line)
{
	const char *end;

	*line = index->text + *at;
	if ((end = memchr(*line, '\n', index->len - *at)) == NULL)
		return NULL;
	*at = (size_t)(end - index->text) + 1;
	return end;
}

int
index_next(const struct index *index, size_t *at, struct index_entry *entry)
{
	const char *line, *end;

	while ((end = next_line(index, at, &line)) != NULL)
		if (parse_line(line, end, entry) == 1)
			return 1;
	return 0;
}

static int
check_lines(const struct index *index, struct failure *why)
{
	struct index_entry entry;
	const char *line, *end;
	size_t at = 0;
	int number = 0;

	while ((end = next_line(index, &at, &line)) != NULL) {
		number++;
		if (parse_line(line, end, &entry) == -1)
			return failure_set(why, EX_DATAERR,
			    "%s: line %d was not written by this program; nothing is signed while it "
			    "is unclear what was issued",
			    index->path, number);
	}
	return 0;
}

static int
lock(const struct index *index, struct failure *why)
{
	const struct timespec pause = { 0, 50 * 1000 * 1000 };

	for (int tries = 0; tries < LOCK_TRIES; tries++) {
		if (flock(index->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return failed("lock", index, why);
		(void)nanosleep(&pause, NULL);
	}
	return failure_set(why, EX_TEMPFAIL, "%s: another process keeps it locked", index->path);
}

int
index_open(struct index *index, const char *path, struct failure *why)
{
	memset(index, 0, sizeof(*index));
	(void)snprintf(index->path, sizeof(index->path), "%s", path);
	index->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (index->fd == -1) {
		int code = errno == ENOENT ? EX_NOINPUT : errno == EACCES ? EX_NOPERM : EX_OSERR;

		return failure_set(why, code, "open %s: %s", path, strerror(errno));
	}
	if (lock(index, why) == 0 &&
	    file_read(path, INDEX_MAX, &index->text, &index->len, why) == 0 &&
	    check_lines(index, why) == 0) {
		index->size = (off_t)index->len;
		index->cut_off = index->len > 0 && index->text[index->len - 1] != '\n';
		return 0;
	}
	index_close(index);
	return -1;
}

void
index_close(struct index *index)
{
	if (index->fd > 0)
		(void)close(index->fd);
	index->fd = -1;
	free(index->text);
	index->text = NULL;
	index->len = 0;
}

static int
has_event(const struct index *index, enum index_event event, const char *serial)
{
	struct index_entry entry;
	size_t at = 0;

	while (index_next(index, &at, &entry))
		if (entry.event == event && strcmp(entry.serial, serial) == 0)
			return 1;
	return 0;
}

int
index_issued(const struct index *index, const char *serial)
{
	return has_event(index, INDEX_ISSUED, serial);
}

int
index_revoked(const struct index *index, const char *serial)
{
	return has_event(index, INDEX_REVOKED, serial);
}

static void
print_time(char field[TIME_LEN + 2], time_t when)
{
	struct tm tm;

	*field = '\0';
	if (when != 0 && gmtime_r(&when, &tm) != NULL)
		(void)strftime(field, TIME_LEN + 2, "\t%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* A crash or a full disk has cut off the last line: close it with the mark that says so. */
static int
format_line(const struct index *index, const struct index_entry *entry, char **line)
{
	char when[TIME_LEN + 2], expires[TIME_LEN + 2];

	print_time(when, entry->when);
	print_time(expires, entry->expires);
	return asprintf(line, "%s%s\t%s%s%s%s%.*s\n", index->cut_off ? " #\n" : "",
	    words[entry->event], entry->serial, when, expires, entry->rest == NULL ? "" : "\t",
	    (int)entry->rest_len, entry->rest == NULL ? "" : entry->rest);
}

int
index_append(struct index *index, const struct index_entry *entry, struct failure *why)
{
	char *line = NULL;
	int len = format_line(index, entry, &line);
	ssize_t done;

	if (len == -1)
		return failure_set(why, EX_OSERR, "out of memory");
	do
		done = write(index->fd, line, (size_t)len);
	while (done == -1 && errno == EINTR);
	free(line);
	if (done == len && fsync(index->fd) == 0) {
		index->size += len;
		index->cut_off = 0;
		return 0;
	}
	if (done >= 0 && done < len)
		errno = ENOSPC;
	failed("write", index, why);
	/* Remove a half-written line.  If that fails, the next append closes it with the mark. */
	if (ftruncate(index->fd, index->size) == -1)
		index->cut_off = 1;
	return -1;
}
