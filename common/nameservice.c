/* Name services in a static build. */

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

/* getpwnam would also read nsswitch.conf, for every connection. */
const char *
nameservice_user(const char *name, const char *other, uid_t *uid, gid_t *gid)
{
	FILE *f = fopen("/etc/passwd", "re");
	const char *found = NULL;
	char *line = NULL, buffer[4096];
	size_t size = 0;

	/* With a buffer of our own stdio does not ask how large one should be. */
	if (f != NULL)
		(void)setvbuf(f, buffer, _IOFBF, sizeof(buffer));
	while (f != NULL && found != name && getline(&line, &size, f) != -1)
		if (read_ids(line, name, uid, gid) == 0)
			found = name;
		else if (found == NULL && other != NULL && read_ids(line, other, uid, gid) == 0)
			found = other;
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return found;
}

/*
 * The services that a line of nsswitch.conf(5) names after its colon, without those that are built
 * in.
 */
static void
read_services(char *line, char *buf, size_t size)
{
	size_t used = 0, last = 0;
	char *rest = line + strcspn(line, ":"), *word;

	*buf = '\0';
	line[strcspn(line, "#\n")] = '\0';
	while ((word = strsep(&rest, ": \t")) != NULL && used < size) {
		/* Skip [NOTFOUND=return]; it may hold blanks. */
		if (*word == '[')
			while (word != NULL && strchr(word, ']') == NULL)
				word = strsep(&rest, " \t");
		else if (*word != '\0' && strcmp(word, "files") != 0 && strcmp(word, "dns") != 0) {
			last = used;
			used += (size_t)snprintf(
			    buf + used, size - used, "%s%s", used == 0 ? "" : ", ", word);
		}
	}
	if (last > 0 && used + 3 < size) {
		memmove(buf + last + 5, buf + last + 2, strlen(buf + last + 2) + 1);
		memcpy(buf + last, " and ", 5);
	}
}

const char *
nameservice_not_asked(char *buf, size_t size)
{
	FILE *f = fopen("/etc/nsswitch.conf", "re");
	char *line = NULL;
	size_t len = 0;

	*buf = '\0';
	while (f != NULL && getline(&line, &len, f) != -1)
		if (strncmp(line + strspn(line, " \t"), "hosts:", 6) == 0)
			read_services(line, buf, size);
	free(line);
	if (f != NULL)
		(void)fclose(f);
	return buf;
}
#else
#include <pwd.h>
#include <stddef.h>

void
nameservice_use_built_in(void)
{
}

const char *
nameservice_user(const char *name, const char *other, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (pw == NULL)
		return other != NULL ? nameservice_user(other, NULL, uid, gid) : NULL;
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return name;
}

const char *
nameservice_not_asked(char *buf, size_t size)
{
	if (size > 0)
		*buf = '\0';
	return buf;
}
#endif
