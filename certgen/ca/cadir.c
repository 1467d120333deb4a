/*
 * Makes a CA's directory in one step: rename(2) of a directory replaces nothing but an empty
 * directory, never a file or a symbolic link.
 */

#include "ca/cadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/draft.h"

static const char *const names[] = { "ca.key", "ca.crt", "index" };
static const mode_t modes[] = { 0600, 0644, 0600 };

static int
is_empty(const char *dir)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	int empty = 1;

	if (list == NULL)
		return 0;
	while (empty && (entry = readdir(list)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	(void)closedir(list);
	return empty;
}

int
cadir_vacant(const char *dir, struct failure *why)
{
	struct stat st;

	if (lstat(dir, &st) == -1 || (S_ISDIR(st.st_mode) && is_empty(dir)))
		return 0;
	return failure_set(why, EX_CANTCREAT,
	    "%s exists and was left as it is: a CA is made in a new directory", dir);
}

static int
create_failed(const char *dir, struct failure *why)
{
	int code = errno == EACCES || errno == EPERM ? EX_NOPERM :
	    errno == ENOSPC || errno == EDQUOT       ? EX_IOERR :
						       EX_CANTCREAT;

	return failure_set(why, code, "create %s: %s", dir, strerror(errno));
}

static int
write_files(const char *temp, const struct cadir *files, struct failure *why)
{
	const char *const texts[] = { files->key, files->cert, files->index };
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct draft draft;
		int r;

		(void)snprintf(path, sizeof(path), "%s/%s", temp, names[i]);
		draft_init(&draft, path, modes[i]);
		r = draft_write(&draft, texts[i], strlen(texts[i]), why) == -1 ||
			draft_publish(&draft, 0, why) == -1 ?
		    -1 :
		    0;

		draft_discard(&draft);
		if (r == -1)
			return -1;
	}
	return 0;
}

static void
remove_temp(const char *temp)
{
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", temp, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(temp);
}

static void
sync_parent(const char *dir)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(dir, '/');
	int fd;

	(void)snprintf(parent, sizeof(parent), "%.*s", slash == NULL ? 1 : (int)(slash - dir) + 1,
	    slash == NULL ? "." : dir);
	if ((fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return;
	(void)fsync(fd);
	(void)close(fd);
}

/* Sync its files before the directory gets its name. */
static int
fill_and_rename(const char *temp, const char *dir, const struct cadir *files, struct failure *why)
{
	if (chmod(temp, 0700) == -1)
		return create_failed(dir, why);
	if (write_files(temp, files, why) == -1)
		return -1;
	if (draft_interrupted())
		return failure_set(why, EX_TEMPFAIL, "interrupted: nothing was written");
	if (rename(temp, dir) == -1)
		return create_failed(dir, why);
	sync_parent(dir);
	return 0;
}

int
cadir_create(const char *dir, const struct cadir *files, struct failure *why)
{
	char plain[PATH_MAX], temp[PATH_MAX];
	size_t len = strlen(dir), base;
	sigset_t saved;
	int r;

	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (len + 32 > sizeof(temp))
		return failure_set(why, EX_CANTCREAT, "%.60s...: the path is too long", dir);
	(void)snprintf(plain, sizeof(plain), "%.*s", (int)len, dir);
	for (base = len; base > 0 && plain[base - 1] != '/'; base--)
		;
	(void)snprintf(temp, sizeof(temp), "%.*s.%.200s.XXXXXX", (int)base, plain, plain + base);
	draft_hold_signals(&saved);
	if (mkdtemp(temp) == NULL)
		r = create_failed(plain, why);
	else if ((r = fill_and_rename(temp, plain, files, why)) == -1)
		remove_temp(temp);
	draft_release_signals(&saved);
	return r;
}
