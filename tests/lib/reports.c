/*
 * Only for builds with a sanitizer: writes its findings to a file that tests/run reads.  A session
 * cannot write them to standard error, which may be the peer, and once confined it can open no
 * file.  So the file is mapped into memory before main() begins.
 */

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * From compiler-rt, asan_interface.h and ubsan_monitor.h; weak, since a build may have only one of
 * the two.  UBSan calls __ubsan_on_report when it has found something; the rest must be asked for.
 */
void __asan_set_error_report_callback(void (*callback)(const char *text));
void __ubsan_on_report(void);
void __ubsan_get_current_report_data(const char **kind, const char **message, const char **file,
    unsigned *line, unsigned *column, char **address);
#pragma weak __asan_set_error_report_callback
#pragma weak __ubsan_get_current_report_data

/* Shared by all processes of a run: how much was written, then the text. */
struct reports {
	atomic_size_t used;
	char text[];
};

static struct reports *reports;
static size_t room;

static void
keep(const char *text)
{
	size_t n = strlen(text), at;

	if (reports == NULL)
		return;
	at = atomic_fetch_add(&reports->used, n);
	if (at < room && n <= room - at)
		memcpy(reports->text + at, text, n);
}

void
__ubsan_on_report(void)
{
	const char *kind, *message, *file;
	unsigned line, column;
	char *address, text[1024];

	__ubsan_get_current_report_data(&kind, &message, &file, &line, &column, &address);
	(void)snprintf(text, sizeof(text), "SUMMARY: UndefinedBehaviorSanitizer: %s:%u: %s: %s\n",
	    file, line, kind, message);
	keep(text);
}

__attribute__((constructor)) static void
open_reports(void)
{
	int fd = open(REPORTS, O_RDWR | O_CLOEXEC);
	struct stat st;
	void *at;

	/* Who made none, as one who tries a build by hand, has standard error. */
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof(*reports) &&
	    (at = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)) !=
		MAP_FAILED) {
		reports = at;
		room = (size_t)st.st_size - sizeof(*reports);
		if (__asan_set_error_report_callback != NULL)
			__asan_set_error_report_callback(keep);
	}
	(void)close(fd);
}
