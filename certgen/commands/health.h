#ifndef INETLS_HEALTH_H
#define INETLS_HEALTH_H

/* How a PEM is doing, in Nagios's four words. */

#include <time.h>

#define HEALTH_TEXT_MAX 1024

enum health_state { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL, HEALTH_UNKNOWN };

struct health {
	enum health_state state;
	char text[HEALTH_TEXT_MAX]; /* one sentence; may hold untrusted bytes */
	int has_days;
	long days; /* until the first certificate of the chain expires */
};

/* The word for a state: "OK", "WARNING", ... */
const char *health_word(enum health_state state);

/* The worse of two, UNKNOWN being worst but CRITICAL: what is known to be broken comes first. */
enum health_state health_worse(enum health_state a, enum health_state b);

struct health_limits {
	long warn_days, crit_days; /* with fewer days left it is a WARNING, or CRITICAL */
	time_t now;
};

/*
 * Looks at a PEM, with a key or without: the dates, whether the key is the certificate's, the
 * file's mode, and the .crt beside it.
 */
void health_examine(const char *path, const struct health_limits *limits, struct health *health);

#endif
