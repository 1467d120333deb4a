/* The name services of a static build. */

#include "nameservice.h"

#ifdef INETLS_STATIC
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nameservice_use_built_in(void)
{
	(void)__nss_configure_lookup("passwd", "files");
	(void)__nss_configure_lookup("group", "files");
	(void)__nss_configure_lookup("services", "files");
	(void)__nss_configure_lookup("hosts", "files dns");
}

/* A line of passwd(5): name, password, uid, gid, and more. */
static int
read_ids(const char *line, const char *name, uid_t *uid, gid_t *gid)
{
	size_t n = strlen(name);
	const char *at;
	char *end;

	if (strncmp(line, name, n) != 0 || line[n] != ':' ||
	    (at = strchr(line + n + 1, ':')) == NULL)
		return -1;
	*uid = (uid_t)strtoul(at + 1, &end, 10);
	if (end == at + 1 || *end != ':')
		return -1;
	at = end;
	*gid = (gid_t)strtoul(at + 1, &end, 10);
	return end == at + 1 || *end != ':' ? -1 : 0;
}

/* getpwnam would read nsswitch.conf as well, and every connection pays for it. */
int
nameservice_user(const char *name, uid_t *uid, gid_t *gid)
{
	FILE *f = fopen("/etc/passwd", "re");
	char *line = NULL;
	size_t size = 0;
	int r = -1;

	while (f != NULL && r == -1 && getline(&line, &size, f) != -1)
		r = read_ids(line, name, uid, gid);
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return r;
}
#else
#include <pwd.h>
#include <stddef.h>

void
nameservice_use_built_in(void)
{
}

int
nameservice_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return -1;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}
#endif
