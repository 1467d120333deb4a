/*
 * The pair FILE.pem and FILE.crt.  Decides what may be overwritten, with a message for each case;
 * bundle writes the files.
 */

#include "files/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "files/bundle.h"
#include "x509/cert.h"
#include "file.h"
#include "x509/view.h"

int
store_init(struct store *store, const char *pem_path, int force, struct failure *why)
{
	size_t len = strlen(pem_path);

	if (len >= 4 && strcmp(pem_path + len - 4, ".pem") == 0)
		len -= 4;
	memset(store, 0, sizeof(*store));
	store->pem_path = pem_path;
	store->force = force;
	if (len + sizeof(".crt") > sizeof(store->crt_path))
		return failure_set(why, EX_CANTCREAT, "%.60s...: the path is too long", pem_path);
	(void)snprintf(store->crt_path, sizeof(store->crt_path), "%.*s.crt", (int)len, pem_path);
	return 0;
}

/* What the message can say about the existing PEM. */
static void
describe(const char *path, char *text, size_t size)
{
	char *pem = NULL, names[80], date[VIEW_DATE_MAX];
	gnutls_x509_crt_t *certs = NULL;
	size_t len = 0;
	int count = -1;

	if (file_read(path, FILE_PEM_MAX, &pem, &len, NULL) == 0)
		count = cert_load(pem, len, &certs, NULL);
	if (count > 0)
		(void)snprintf(text, size, " (%s, expires %s)",
		    view_names(certs[0], names, sizeof(names)),
		    view_date(gnutls_x509_crt_get_expiration_time(certs[0]), date));
	else
		*text = '\0';
	cert_free(certs, count);
	file_wipe(pem, len);
}

static int
is_taken(const char *path, int force, int *taken, struct failure *why)
{
	struct stat st;

	*taken = 0;
	if (lstat(path, &st) == -1)
		return 0; /* missing, or not accessible: writing it will report more */
	*taken = 1;
	if (force && !S_ISREG(st.st_mode))
		return failure_set(why, EX_CANTCREAT,
		    "%s exists and is not a regular file: --force does not replace it", path);
	return 0;
}

int
store_vacant(const struct store *store, struct failure *why)
{
	int pem, crt;
	char what[160];

	if (is_taken(store->pem_path, store->force, &pem, why) == -1 ||
	    is_taken(store->crt_path, store->force, &crt, why) == -1)
		return -1;
	if (store->force || (!pem && !crt))
		return 0;
	if (pem) {
		describe(store->pem_path, what, sizeof(what));
		return failure_set(why, EX_CANTCREAT,
		    "%s exists%s and was left as it is; to replace it: --force", store->pem_path,
		    what);
	}
	/*
	 * Either left behind by a run that was killed between the two files, or the other half of
	 * somebody's key.
	 */
	return failure_set(why, EX_CANTCREAT,
	    "%s exists without %s and may belong to another key; move it away, or replace it with --force",
	    store->crt_path, store->pem_path);
}

int
store_write(const struct store *store, const char *pem, const char *crt, struct failure *why)
{
	struct bundle bundle;

	bundle_init(&bundle, store->force);
	bundle.was = store->was;
	bundle.commit = store->commit;
	bundle.context = store->context;
	bundle_add(&bundle, store->pem_path, 0600, pem, strlen(pem));
	bundle_add(&bundle, store->crt_path, 0644, crt, strlen(crt));
	return bundle_write(&bundle, why);
}
