/* What a person asks for: --help, --version or --check. */

#include "check/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "check/check_state.h"

int
check_answer(const struct options *o)
{
	struct failure why;
	struct stat st;
	int code = EX_OK;

	if (fstat(STDOUT_FILENO, &st) == -1 || S_ISSOCK(st.st_mode)) {
		log_refusal(
		    "-h, -V and --check are for a terminal; take them out of the super-server's line");
		return EX_USAGE;
	}
	if (o->help)
		options_print_usage();
	else if (o->version)
		check_print_version();
	if (o->check)
		code = check_run(o);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	failure_set(&why, EX_OSERR, "standard output: %s", strerror(errno));
	log_refusal(why.text);
	return code != EX_OK ? code : why.code;
}
