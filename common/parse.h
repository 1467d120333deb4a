#ifndef INETLS_PARSE_H
#define INETLS_PARSE_H

/* Numbers and durations as they are written on a command line or typed at a prompt. */

#include <stdint.h>

#define PARSE_OFF (-1) /* how the duration "off" is returned */

/*
 * A decimal number from min to max, with nothing before or after it: 0, or -1 and *out unchanged.
 */
int parse_number(const char *text, long min, long max, long *out);

/*
 * A duration: a number with its unit, ms, s, m or h ("500ms", "10s"), a bare number of seconds, or
 * "off".  0 and *ms (PARSE_OFF for "off", else 1 ms to 30 days), or -1 and *ms unchanged.
 */
int parse_duration(const char *text, int64_t *ms);

#endif
