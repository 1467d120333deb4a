/*
 * Numbers and durations.  Parsing is strict: a typing error in inetd.conf must not become a timeout
 * of 0.
 */

#include "parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MS (30LL * 24 * 3600 * 1000)

int
parse_number(const char *text, long min, long max, long *out)
{
	char *end;
	long n;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || *end != '\0' || n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

int
parse_duration(const char *text, int64_t *ms)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	long long n;
	char *end;

	if (strcmp(text, "off") == 0) {
		*ms = PARSE_OFF;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || n < 1 || n > MAX_MS)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].name) == 0 && n <= MAX_MS / units[i].ms) {
			*ms = n * units[i].ms;
			return 0;
		}
	return -1;
}
