/* Prints the usage (-h) from the table. */

#include <stdio.h>

#include "options/options_set.h"
#include "options/options_table.h"
#include "protocol/protocols.h"

#define COLUMN 29 /* where the help text begins, after two blanks */

static const char head[] =
    "usage: inetls-wrap [options] -r [host:]port | -r /path/socket | -l program [-- argv0 arg ...]\n"
    "\n"
    "Speaks TLS on fd 0, the socket that inetd accepted, and passes the bytes to a local service.\n"
    "\n";

static const char tail[] = "\nManual: inetls-wrap(8), inetls(7).\n";

static void
print_row(const struct options_row *row, const char *argument, const char *help)
{
	static const char *const sides[] = {
		[OPTIONS_OF_BOTH] = "",
		[OPTIONS_OF_SERVER] = "server: ",
		[OPTIONS_OF_CLIENT] = "client: ",
	};
	char letter[] = "    ", left[80];
	int n;

	if (row->letter != '\0')
		(void)snprintf(letter, sizeof(letter), "-%c, ", row->letter);
	n = snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name,
	    argument != NULL ? " " : "", argument != NULL ? argument : "");
	if (row->optional != NULL)
		n = snprintf(left, sizeof(left), "%s--%s[=%s]", letter, row->name, row->optional);
	(void)printf("  %-*s%s%s\n", n + 2 > COLUMN ? n + 2 : COLUMN, left, sides[row->side], help);
}

void
options_print_usage(void)
{
	const struct options_row *row;
	const struct protocol *p;

	(void)fputs(head, stdout);
	for (size_t i = 0; (row = options_row(i)) != NULL; i++)
		if (row->set == options_set_protocol)
			for (size_t k = 0; (p = protocols_at(k)) != NULL; k++)
				print_row(row, p->name, p->help);
		else if (row->help != NULL)
			print_row(row, row->argument, row->help);
	(void)fputs(tail, stdout);
}
