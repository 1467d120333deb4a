/* What only Linux has for a file that appears whole: a rename that replaces nothing. */

#include "files/draft_linux.h"

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not every C library declares the call and its flag. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

int
draft_rename_new(int dir, const char *from, const char *to)
{
	return (int)syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE);
}
