#ifndef INETLS_LOG_H
#define INETLS_LOG_H

/*
 * One line to syslog, to stderr or to a file.  stderr is used only where it is not the peer's
 * socket: log_claim_stderr() decides that before anything else can write.
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
	int facility;        /* as log_parse_level gave it; 0 is daemon */
	int level;           /* lines above it are dropped */
	bool stderr_wanted;  /* -f: stderr wherever it can be used */
	bool syslog_wanted;  /* a daemon in the background */
};

/*
 * The first thing that a process does.  Closes what it inherited above fd 2.  Opens /dev/null on
 * whichever of 0, 1 and 2 is closed, and puts it in the place of fd 2 where that is the same socket
 * as fd 0 or 1: most super-servers hand the peer's socket over as stderr, and no byte of text may
 * reach the peer.  Returns 0, or -1 where not even /dev/null can be opened.
 */
int log_claim_stderr(void);

/* Whether fd 0 was open when the process started. */
bool log_stdin_was_open(void);

/* "[facility.]level", names or the numbers 0 to 7.  0, or -1. */
int log_parse_level(const char *text, int *facility, int *level);

/*
 * Opens the log; strings in *o are kept, not copied.  Everything that needs a path is done here, so
 * that lines can be written from an empty root.  0, or -1 and *why where the file cannot be had:
 * then lines go where they would go without it.
 */
int log_open(const struct log_options *o, struct failure *why);

/* Opens the file of log_open again, for log rotation.  0, or -1 and *why and the old file stays. */
int log_reopen(struct failure *why);

/* Whether lines go to a regular file, so that writing files must stay allowed. */
bool log_is_file(void);

/* One line.  Bytes of the text that do not print are escaped, so that no peer can forge a line. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Why the program does not start.  To the log, and whatever its level and -o say to stderr as well,
 * where that is not the peer's: who started it may be looking there.
 */
void log_refusal(const char *text);

/*
 * Lines that a signal handler may write.  One is kept as it will be, a number to be put in
 * between head and tail, with a blank behind it; as time it has the moment that is ms from now.  In
 * the handler, log_say_kept writes it with that number, by one system call and nothing else.
 */
enum log_kept { LOG_KEPT_LATE, LOG_KEPT_SIGNAL, LOG_KEPT };
void log_keep(enum log_kept which, int level, const char *head, const char *tail, int64_t ms);
void log_say_kept(enum log_kept which, int64_t number);

#endif
