/* Reads a FILE.pem that is to be replaced. */

#include "files/pair.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "x509/cert.h"
#include "file.h"
#include "x509/key.h"

static int
check_regular(const char *path, struct failure *why)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return failure_set(why, errno == EACCES ? EX_NOPERM : EX_NOINPUT, "open %s: %s",
		    path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return failure_set(why, EX_CANTCREAT,
		    "%s is not a regular file: name the file that it points to", path);
	return 0;
}

int
pair_load(struct pair *pair, const char *path, struct failure *why)
{
	struct failure inside;
	struct file_named file;
	int found = -1;

	memset(pair, 0, sizeof(*pair));
	if (check_regular(path, why) == -1 || file_read_named(path, FILE_PEM_MAX, &file, why) == -1)
		return -1;
	pair->was = file.was;
	pair->count = cert_load(file.data, file.len, &pair->certs, &inside);
	if (pair->count > 0)
		found = key_load(file.data, file.len, &pair->key, &inside);
	file_wipe(file.data, file.len);
	if (found == 0)
		return failure_set(
		    why, EX_DATAERR, "%s: there is no key in it, so it is no file to renew", path);
	if (found == -1)
		return failure_set(why, inside.code, "%s: %s", path, inside.text);
	if (!cert_matches(pair->certs[0], &pair->key))
		return failure_set(
		    why, EX_DATAERR, "%s: the key does not belong to the certificate", path);
	return 0;
}

void
pair_free(struct pair *pair)
{
	key_free(&pair->key);
	if (pair->certs != NULL)
		cert_free(pair->certs, pair->count);
	memset(pair, 0, sizeof(*pair));
}
