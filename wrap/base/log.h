#ifndef INETLS_LOG_H
#define INETLS_LOG_H

/*
 * One line to syslog, to stderr or to a file.  stderr is used only if it is not the peer's socket:
 * log_claim_stderr() finds that out before anything can be written.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

/* The levels of syslog(3), in its order and with its values. */
enum { LEVEL_ERR = 3, LEVEL_WARNING, LEVEL_NOTICE, LEVEL_INFO, LEVEL_DEBUG };

struct log_options {
	const char *service; /* the tag */
	const char *path;    /* a file to append to, or NULL */
	int facility;        /* from log_parse_level; 0 is daemon */
	int level;           /* lines above it are dropped */
	bool stderr_wanted;  /* -f: use stderr if it is not the peer's */
	bool syslog_wanted;  /* a daemon in the background */
};

/*
 * Call this first in a process.  Closes all inherited descriptors above 2, and opens /dev/null on
 * those of 0, 1 and 2 that are closed.  If fd 2 is the same socket as fd 0 or 1, replaces it by
 * /dev/null: most super-servers pass the peer's socket as stderr, and no text may reach the peer.
 * Returns 0, or -1 if /dev/null cannot be opened.
 */
int log_claim_stderr(void);

/* Whether fd 0 was open when the process started. */
bool log_stdin_was_open(void);

/* Whether fd 0 and 1 are one socket, as a super-server passes it. */
bool log_is_one_socket(void);

/* Parses "[facility.]level", names or the numbers 0 to 7.  0, or -1. */
int log_parse_level(const char *text, int *facility, int *level);

/*
 * Opens the log; strings in *o are kept, not copied.  Everything that needs a path is done here, so
 * that lines can be written from an empty root directory.  0, or -1 and *why if the file cannot be
 * opened: then lines go where they would go without -o.
 */
int log_open(const struct log_options *o, struct failure *why);

/*
 * Opens the file of log_open again, for log rotation.  0, or -1 and *why; then the old file stays
 * open.
 */
int log_reopen(struct failure *why);

/*
 * Whether lines go to a file, with -o or by stderr; a confined process must then still be allowed
 * to write files.
 */
bool log_is_file(void);

/* Writes one line.  Unprintable bytes are escaped, so that no peer can forge a line. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Says why the program does not start: in the log and, whatever level and -o are, on stderr too if
 * that is not the peer's, since the user may be looking there.
 */
void log_refusal(const char *text);

/*
 * Lines that a signal handler can write.  log_keep prepares one: it consists of head, a number with
 * a blank after it, and tail, and its time is ms from now.  In the handler, log_say_kept fills in
 * the number and writes the line, with a single system call.
 */
enum log_kept { LOG_KEPT_LATE, LOG_KEPT_SIGNAL, LOG_KEPT };
void log_keep(enum log_kept which, int level, const char *head, const char *tail, int64_t ms);
void log_say_kept(enum log_kept which, int64_t number);

#endif
