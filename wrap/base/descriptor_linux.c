/* Closes a range of descriptors, in Linux's way. */

#include <dirent.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"

void
descriptor_close_all(unsigned first, unsigned last)
{
	struct dirent *entry;
	DIR *list;

	/* By number, since not every C library has a function for it. */
	if (syscall(SYS_close_range, first, last, 0) == 0)
		return;
	/* Linux before 5.9 lacks the call, and older containers forbid it. */
	if ((list = opendir("/proc/self/fd")) == NULL)
		return;
	while ((entry = readdir(list)) != NULL) {
		unsigned long fd = strtoul(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd >= first && fd <= last && (int)fd != dirfd(list))
			(void)close((int)fd);
	}
	(void)closedir(list);
}
