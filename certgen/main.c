/* inetls-certgen: makes and tends the PEM of a TLS server.  This is the table of what it can do. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "issue.h"
#include "usage.h"

static const struct command commands[] = {
	{ "", issue_self_signed, "[options] FILE [NAME...]",
	    "make a key and its self-signed certificate in FILE; asks on a terminal" },
	{ NULL, NULL, NULL, NULL },
};

/* What is opened later, a key file above all, must not become a standard stream that messages go to. */
static void
tidy_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		(void)close(fd);
}

static int
run(int argc, char *argv[])
{
	for (const struct command *command = commands + 1; argc > 1 && command->name != NULL; command++)
		if (strcmp(argv[1], command->name) == 0)
			return command->run(argc - 1, argv + 1);
	return commands[0].run(argc, argv);
}

int
main(int argc, char *argv[])
{
	int code;

	tidy_descriptors();
	code = usage_answer(commands, run(argc, argv));
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("inetls-certgen: standard output");
		return code == EX_OK ? EX_IOERR : code;
	}
	return code;
}
