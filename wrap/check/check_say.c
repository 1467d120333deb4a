/* How --check prints a finding. */

#include "check/check_state.h"

#include <stdarg.h>
#include <stdio.h>

void
check_say(const char *kind, const char *fmt, ...)
{
	va_list ap;

	(void)printf("%-8s", kind);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

void
check_say_error(struct check *c, const struct failure *why)
{
	check_say("error", "%s", why->text);
	if (c->code == EX_OK)
		c->code = why->code;
}
