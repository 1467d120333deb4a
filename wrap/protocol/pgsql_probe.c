/* One StartupMessage, and the first bytes that come back. */

#include "protocol/pgsql_probe.h"

#include <string.h>

#include "protocol/pgsql.h"

#define ANSWER 9 /* the kind of a message, its length, and of an Authentication its code */

enum pgsql_welcome
pgsql_probe(int fd, int64_t deadline)
{
	/* The length, protocol 3.0, then pairs of strings, and an empty one at the end. */
	static const char startup[] = "\0\0\0\51"
				      "\0\3\0\0"
				      "user\0postgres\0"
				      "database\0postgres\0";
	static const char come_in[] = { 0, 0, 0, 8, 0, 0, 0, 0 };
	char answer[ANSWER];
	size_t have = 0;

	if (pgsql_write_all(fd, startup, sizeof(startup), deadline) != PGSQL_IO_DONE ||
	    pgsql_read_exactly(fd, answer, sizeof(answer), &have, deadline) != PGSQL_IO_DONE)
		return PGSQL_NO_ANSWER;
	if (answer[0] == 'E')
		return PGSQL_DECLINES;
	if (answer[0] != 'R')
		return PGSQL_NO_ANSWER;
	return memcmp(answer + 1, come_in, sizeof(come_in)) == 0 ? PGSQL_TRUSTS : PGSQL_ASKS;
}
