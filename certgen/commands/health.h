#ifndef INETLS_HEALTH_H
#define INETLS_HEALTH_H

/* The state of a PEM, in Nagios's four words. */

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

/* The worse of two.  CRITICAL is worst, then UNKNOWN: what is known to be broken comes first. */
enum health_state health_worse(enum health_state a, enum health_state b);

struct health_limits {
	long warn_days, crit_days; /* with fewer days left the state is WARNING, or CRITICAL */
	time_t now;
};

/*
 * Examines a PEM with or without a key: the dates, whether key and certificate match, the file's
 * mode, and the .crt beside it.
 */
void health_examine(const char *path, const struct health_limits *limits, struct health *health);

#endif
