/* Opens a CA's directory: what must be read before anything is signed. */

#include "ca/ca.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "x509/constraint.h"
#include "file.h"
#include "x509/key.h"
#include "x509/view.h"

#define DAY (24L * 3600)

const char *
ca_path(const struct ca *ca, const char *name, char buf[PATH_MAX])
{
	(void)snprintf(buf, PATH_MAX, "%.*s/%s", PATH_MAX - 32, ca->dir, name);
	return buf;
}

/* Whoever can write to it can put another CA in the place of this one. */
static int
check_directory(const char *dir, struct failure *why)
{
	struct stat st;

	if (stat(dir, &st) == -1)
		return failure_set(why, errno == EACCES ? EX_NOPERM : EX_NOINPUT,
		    "%s: %s; make a new CA: inetls-certgen ca %s", dir, strerror(errno), dir);
	if (!S_ISDIR(st.st_mode))
		return failure_set(
		    why, EX_NOINPUT, "%s is not a directory; give the directory of a CA", dir);
	if ((st.st_mode & 022) != 0)
		return failure_set(why, EX_CONFIG,
		    "%s: other users can write to this CA; fix: chmod 700 %s", dir, dir);
	return 0;
}

static int
load_certs(struct ca *ca, struct failure *why)
{
	char path[PATH_MAX], *pem = NULL;
	struct failure inside;
	size_t len = 0;
	unsigned critical;

	if (file_read(ca_path(ca, "ca.crt", path), FILE_PEM_MAX, &pem, &len, why) == -1)
		return -1;
	ca->count = cert_load(pem, len, &ca->certs, &inside);
	free(pem);
	if (ca->count == -1)
		return failure_set(why, inside.code, "%s: %s", path, inside.text);
	if (gnutls_x509_crt_get_ca_status(ca->certs[0], &critical) != 1)
		return failure_set(
		    why, EX_DATAERR, "%s: its first certificate is not a CA's", path);
	return 0;
}

int
ca_open(struct ca *ca, const char *dir, struct failure *why)
{
	size_t len = strlen(dir);

	memset(ca, 0, sizeof(*ca));
	if (len + 32 > sizeof(ca->dir))
		return failure_set(why, EX_NOINPUT, "%.60s...: the path is too long", dir);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	(void)snprintf(ca->dir, sizeof(ca->dir), "%.*s", (int)len, dir);
	if (check_directory(ca->dir, why) == -1 || load_certs(ca, why) == -1) {
		ca_close(ca);
		return -1;
	}
	return 0;
}

void
ca_close(struct ca *ca)
{
	key_free(&ca->key);
	if (ca->certs != NULL)
		cert_free(ca->certs, ca->count);
	ca->certs = NULL;
}

static int
load_locked(
    struct ca *ca, const char *pem, size_t len, const struct ca_secret *secret, struct failure *why)
{
	struct passphrase passphrase;
	int r;

	if (secret->file != NULL)
		r = passphrase_read(secret->file, &passphrase, why);
	else if (secret->may_ask)
		r = passphrase_ask("Passphrase of the CA's key", stdin, stderr, &passphrase, why);
	else
		return failure_set(why, EX_USAGE,
		    "%s/ca.key is encrypted: give --password-file FILE, or run this on a "
		    "terminal",
		    ca->dir);
	if (r == 0)
		r = key_load_locked(pem, len, passphrase.text, &ca->key, why);
	passphrase_wipe(&passphrase);
	return r == -1 ? -1 : 1;
}

int
ca_unlock(struct ca *ca, const struct ca_secret *secret, struct failure *why)
{
	char path[PATH_MAX], *pem = NULL;
	size_t len = 0;
	int found;

	if (file_read_private(ca_path(ca, "ca.key", path), FILE_PEM_MAX, &pem, &len, why) == -1)
		return -1;
	if (key_is_locked(pem, len))
		found = load_locked(ca, pem, len, secret, why);
	else
		found = key_load(pem, len, &ca->key, why);
	file_wipe(pem, len);
	if (found == 0)
		return failure_set(why, EX_DATAERR, "%s: there is no key in it", path);
	if (found == 1 && !cert_matches(ca->certs[0], &ca->key))
		return failure_set(why, EX_DATAERR, "%s: the key does not belong to ca.crt", path);
	return found == 1 ? 0 : -1;
}

static int
permits_names(const struct ca *ca, const struct request *request, struct failure *why)
{
	char permitted[256];

	for (size_t i = 0; i < request->name_count; i++)
		if (!constraint_permits(ca->certs[0], &request->names[i]))
			return failure_set(why, EX_DATAERR,
			    "'%.80s' is not among what this CA may sign for: %s",
			    request->names[i].text,
			    constraint_text(ca->certs[0], permitted, sizeof(permitted)));
	return 0;
}

int
ca_permits(
    const struct ca *ca, struct request *request, int days_given, time_t now, struct failure *why)
{
	time_t last = gnutls_x509_crt_get_expiration_time(ca->certs[0]), begin, end;
	char date[VIEW_DATE_MAX];
	long left = (long)(last - now) / DAY;

	if (left < 1)
		return failure_set(why, EX_DATAERR, "%s: this CA %s %s", ca->dir,
		    last <= now ? "expired" : "expires", view_date(last, date));
	cert_validity(request, now, &begin, &end);
	if (end > last && days_given)
		return failure_set(why, EX_DATAERR,
		    "--days %ld is longer than this CA is valid (until %s): at most %ld",
		    request->days, view_date(last, date), left);
	if (end > last)
		request->days = left;
	return permits_names(ca, request, why);
}
