/* How every module says why it failed. */

#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int
failure_set(struct failure *why, int code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	if (why != NULL) {
		why->code = code;
		va_start(ap, fmt);
		(void)vsnprintf(why->text, sizeof(why->text), fmt, ap);
		va_end(ap);
	}
	errno = saved;
	return -1;
}
