#ifndef INETLS_LOG_STATE_H
#define INETLS_LOG_STATE_H

/*
 * The log's inside, for log.c and the files whose names begin with log_.  No other file includes
 * this.
 */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The log's settings: there is one log in a process. */
struct log_settings {
	const char *service;
	const char *path;
	int facility;
	int level;
	int fd;     /* -1: syslog */
	int syslog; /* the socket to its daemon, or -1 */
	bool stderr_usable;
	bool stdin_was_open;
	bool one_socket; /* fd 0 and 1 */
	bool stderr_was_peer;
	bool journal; /* fd 2 is the journal's stream, which reads "<5>" as a level */
};
extern struct log_settings log_settings;

enum log_place { LOG_IN_FILE, LOG_ON_STDERR, LOG_TO_SYSLOG };

/* Where lines go now. */
enum log_place log_where(void);

/* Writes the beginning of a line for that time and place; returns its length. */
size_t log_begin_line(char *line, size_t size, int level, enum log_place place, time_t at);

#endif
