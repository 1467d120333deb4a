/* --check: whether others can replace a file. */

#include "check/check_state.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void
check_directory(const char *what, const char *path, bool sticky_is_safe)
{
	const char *end = strrchr(path, '/');
	char dir[PATH_MAX];
	struct stat st, file;
	bool open_to_others;

	(void)snprintf(dir, sizeof(dir), "%.*s", end == NULL ? 1 : (int)(end - path) + 1,
	    end == NULL ? "." : path);
	if (stat(dir, &st) == -1 || stat(path, &file) == -1)
		return;
	open_to_others = (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    !(sticky_is_safe && (st.st_mode & S_ISVTX) != 0);
	if (open_to_others || (st.st_uid != 0 && st.st_uid != file.st_uid))
		check_say("warning",
		    "%s %s: its directory can be written by others than its owner, who can replace "
		    "the file; correct owner and mode of %s",
		    what, path, dir);
}
