/* The CA certificates of -A and -a. */

#include "tls/authorities.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include "file.h"

static int
refuse(const char *option, const char *path, int error, struct failure *why)
{
	return failure_set(why, EX_CONFIG, "%s %s: %s", option, path,
	    error == 0 ? "holds no certificate" : gnutls_strerror(error));
}

/* How many there were, or GnuTLS's error; -1 in *read and *why if the file was not read. */
static int
add(void *credentials, const char *path, int *read, struct failure *why)
{
	gnutls_datum_t pem;
	char *text;
	size_t len;
	int r;

	if ((*read = file_read(path, AUTHORITIES_MAX, &text, &len, why)) == -1)
		return 0;
	pem.data = (unsigned char *)text;
	pem.size = (unsigned)len;
	r = gnutls_certificate_set_x509_trust_mem(credentials, &pem, GNUTLS_X509_FMT_PEM);
	free(text);
	return r;
}

int
authorities_add_file(void *credentials, const char *path, struct failure *why)
{
	struct failure cause;
	int read = 0;
	int r = strcmp(path, "system") == 0 ?
	    gnutls_certificate_set_x509_system_trust(credentials) :
	    add(credentials, path, &read, &cause);

	if (r > 0)
		return 0;
	if (read == 0)
		return refuse("-A", path, r, why);
	if (access(path, R_OK) == -1)
		return failure_set(why, EX_CONFIG, "-A %s: %s", path, strerror(errno));
	return failure_set(why, EX_CONFIG, "-A %s", cause.text);
}

int
authorities_add_directory(void *credentials, const char *path, struct failure *why)
{
	char file[PATH_MAX];
	struct failure ignored;
	struct dirent *entry;
	int n = 0, read;
	DIR *dir = opendir(path);

	if (dir == NULL)
		return failure_set(why, EX_CONFIG, "-a %s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);

		if (len < (int)sizeof(file) && add(credentials, file, &read, &ignored) > 0)
			n++;
	}
	(void)closedir(dir);
	return n > 0 ? 0 : refuse("-a", path, 0, why);
}
