#ifndef INETLS_LOG_RECORD_H
#define INETLS_LOG_RECORD_H

/* A line of key=value fields, and escaping for text that may come from a peer. */

#include <stddef.h>

/* More than every value at its longest; and a whole line is one write, even to a pipe. */
#define LOG_RECORD_MAX 3700

/* A line under construction. */
struct log_record {
	char text[LOG_RECORD_MAX];
	size_t len;
};

/* An empty line.  What is not used of it stays untouched, so that it takes no memory. */
void log_record_init(struct log_record *r);

/* Adds " key=value" with the value unescaped: for trusted values. */
void log_field(struct log_record *r, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Adds " key=value" for an untrusted value: bytes other than plain characters become \xNN; an empty
 * value becomes "-", and so "-" itself "\x2d".
 */
void log_untrusted(struct log_record *r, const char *key, const char *value);

/* The same in double quotes, where blanks stay: for sentences. */
void log_quoted(struct log_record *r, const char *key, const char *value);

/*
 * Copies in to out; bytes that could end a line or steer a terminal, and those of also, become
 * \xNN.  What does not fit is left out.
 */
void log_escape(char *out, size_t size, const char *in, const char *also);

#endif
