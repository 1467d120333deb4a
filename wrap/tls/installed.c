/*
 * Finds out which libraries are installed, without loading them: the linker's note at the beginning
 * of a file identifies the build, and GnuTLS's version is in the text that it logs at its start.
 */

#include "tls/installed.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIBRARY_MAX (64 * 1024 * 1024)
#define NOTE_WITHIN 65536 /* the linker puts the note after the headers, near the beginning */
#define BUILD_ID_MAX 32   /* bytes */

static const char before_version[] = "Enabled GnuTLS ";
/* name size 4, description size 20 (SHA-1), type 3, name: elf(5) */
static const unsigned char note[] = { 4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0 };

struct library {
	const unsigned char *bytes;
	size_t len;
};

static int
map_library(struct library *l, const char *path)
{
	struct stat st;
	void *bytes = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    st.st_size <= LIBRARY_MAX)
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (bytes == MAP_FAILED)
		return -1;
	*l = (struct library){ bytes, (size_t)st.st_size };
	return 0;
}

/* Finds the version, digits and dots; "" if there is none. */
static void
find_version(const struct library *l, char *out, size_t size)
{
	const unsigned char *at = memmem(l->bytes, l->len, before_version, strlen(before_version));
	size_t left, n = 0;

	out[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(before_version);
	left = l->len - (size_t)(at - l->bytes);
	while (n + 1 < size && n < left && strchr("0123456789.", at[n]) != NULL && at[n] != '\0')
		n++;
	memcpy(out, at, n);
	out[n] = '\0';
}

/* Finds the build id in hex; "" if there is none. */
static void
find_build_id(const struct library *l, char out[2 * BUILD_ID_MAX + 1])
{
	size_t within = l->len < NOTE_WITHIN ? l->len : NOTE_WITHIN;
	const unsigned char *at = memmem(l->bytes, within, note, sizeof(note));

	out[0] = '\0';
	if (at == NULL || l->len - (size_t)(at - l->bytes) < sizeof(note) + 20)
		return;
	for (size_t i = 0; i < 20; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", at[sizeof(note) + i]);
}

/* Whether version a is newer than b, compared number by number. */
static bool
is_after(const char *a, const char *b)
{
	unsigned m[3] = { 0, 0, 0 }, n[3] = { 0, 0, 0 };

	(void)sscanf(a, "%3u.%3u.%3u", &m[0], &m[1], &m[2]);
	(void)sscanf(b, "%3u.%3u.%3u", &n[0], &n[1], &n[2]);
	for (int i = 0; i < 3; i++)
		if (m[i] != n[i])
			return m[i] > n[i];
	return false;
}

bool
installed_differs(const struct installed_inside *in, const char *path, char *text, size_t size)
{
	char version[24], id[2 * BUILD_ID_MAX + 1];
	struct library l;

	if (map_library(&l, path) == -1)
		return false;
	find_version(&l, version, sizeof(version));
	find_build_id(&l, id);
	(void)munmap((void *)(uintptr_t)l.bytes, l.len);
	if (is_after(version, in->version)) {
		(void)snprintf(text, size,
		    "%s: %s is linked in, and %s is installed; build and install inetls again",
		    in->name, in->version, version);
		return true;
	}
	/* Do not recommend an older version. */
	if (version[0] != '\0' && strcmp(version, in->version) != 0)
		return false;
	if (in->build_id[0] == '\0' || id[0] == '\0' || strcmp(id, in->build_id) == 0)
		return false;
	(void)snprintf(text, size,
	    "%s: %s is linked in, and %s has been rebuilt since, perhaps to fix a "
	    "fault; build and install inetls again",
	    in->name, in->version[0] != '\0' ? in->version : "one", path);
	return true;
}

static const struct installed_inside inside[] = {
#ifdef INETLS_STATIC
#include "linked.h" /* made by common/static/linked */
#endif
	{ NULL, NULL, NULL, NULL },
};

const struct installed_inside *
installed_list(void)
{
	return inside;
}

bool
installed_is_newer(const struct installed_inside *in, char *text, size_t size)
{
	static const char *const directories[] = { "/usr/lib64", "/usr/lib", "/usr/local/lib",
		"/lib64", "/lib" };
	const char *name = strrchr(in->shared, '/');
	char path[256];

	if (name == NULL)
		return false;
	if (access(in->shared, R_OK) == 0)
		return installed_differs(in, in->shared, text, size);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", directories[i], name);
		if (access(path, R_OK) == 0)
			return installed_differs(in, path, text, size);
	}
	return false;
}
