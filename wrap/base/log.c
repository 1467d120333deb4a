/* The log: one line to syslog, to stderr or to a file.  The only file that includes <syslog.h>. */

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#define SYSLOG_NAMES
#include <syslog.h>

#include "base/log_record.h"
#include "base/log_state.h"
#include "parse.h"

struct log_settings log_settings = {
	.service = "inetls-wrap", .level = LEVEL_NOTICE, .fd = -1, .syslog = -1
};

static int
find_name(const CODE *table, const char *name, size_t len)
{
	for (; table->c_name != NULL; table++)
		if (strlen(table->c_name) == len && strncmp(table->c_name, name, len) == 0)
			return table->c_val;
	return -1;
}

int
log_parse_level(const char *text, int *facility, int *level)
{
	const char *dot = strchr(text, '.');
	int f = LOG_DAEMON, l;
	long n;

	if (dot != NULL) {
		f = find_name(facilitynames, text, (size_t)(dot - text));
		if (f == -1 || f > LOG_LOCAL7)
			return -1; /* mark is syslogd's own */
		text = dot + 1;
	}
	if (parse_number(text, 0, 7, &n) == 0)
		l = (int)n;
	else if ((l = find_name(prioritynames, text, strlen(text))) == -1 || l > LOG_DEBUG)
		return -1;
	*facility = f;
	*level = l;
	return 0;
}

static int
open_log_file(const char *path, struct failure *why)
{
	int fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd == -1 && errno == ENOENT)
		return failure_set(why, EX_OSERR,
		    "open log %s: %s; make its directory, or correct -o", path, strerror(errno));
	if (fd == -1) {
		failure_set(why, errno == EACCES ? EX_NOPERM : EX_OSERR,
		    "open log %s: %s for uid %lu", path, strerror(errno), (unsigned long)geteuid());
		return -1;
	}
	return fd;
}

/* Our own socket instead of syslog(3), since a signal handler must be able to write to it. */
static void
open_syslog(void)
{
	static const int kinds[] = { SOCK_DGRAM, SOCK_STREAM };
	struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = _PATH_LOG };
	int fd;

	for (size_t i = 0; i < 2 && log_settings.syslog == -1; i++) {
		if ((fd = socket(AF_UNIX, kinds[i] | SOCK_CLOEXEC, 0)) == -1)
			return;
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
			log_settings.syslog = fd;
		else
			(void)close(fd);
	}
}

/*
 * Sends a line with its NUL, which a stream socket needs.  If the daemon was restarted, connects
 * again once.
 */
static void
send_syslog(const char *packet)
{
	size_t n = strlen(packet) + 1;

	if (log_settings.syslog != -1 && send(log_settings.syslog, packet, n, MSG_NOSIGNAL) != -1)
		return;
	if (log_settings.syslog != -1)
		(void)close(log_settings.syslog);
	log_settings.syslog = -1;
	open_syslog();
	if (log_settings.syslog != -1)
		(void)send(log_settings.syslog, packet, n, MSG_NOSIGNAL);
}

int
log_open(const struct log_options *o, struct failure *why)
{
	if (o->service != NULL)
		log_settings.service = o->service;
	log_settings.facility = o->facility != 0 ? o->facility : LOG_DAEMON;
	log_settings.level = o->level;
	log_settings.path = o->path;
	tzset();
	if (o->path != NULL && (log_settings.fd = open_log_file(o->path, why)) != -1)
		return 0;
	log_settings.path = NULL;
	log_settings.fd = STDERR_FILENO;
	if ((o->stderr_wanted && !log_settings.stderr_was_peer) ||
	    (log_settings.stderr_usable && !o->syslog_wanted))
		return o->path == NULL ? 0 : -1;
	/* Connect now: once the process is confined it cannot reach the socket's path. */
	log_settings.fd = -1;
	if (log_settings.syslog == -1)
		open_syslog();
	return o->path == NULL ? 0 : -1;
}

int
log_reopen(struct failure *why)
{
	int fd;

	if (log_settings.path == NULL)
		return 0;
	if ((fd = open_log_file(log_settings.path, why)) == -1)
		return -1;
	(void)close(log_settings.fd);
	log_settings.fd = fd;
	return 0;
}

bool
log_is_file(void)
{
	struct stat st;

	if (log_settings.path != NULL)
		return true;
	return log_settings.fd != -1 && fstat(log_settings.fd, &st) == 0 && S_ISREG(st.st_mode);
}

enum log_place
log_where(void)
{
	return log_settings.fd == -1  ? LOG_TO_SYSLOG :
	    log_settings.path != NULL ? LOG_IN_FILE :
					LOG_ON_STDERR;
}

size_t
log_begin_line(char *line, size_t size, int level, enum log_place place, time_t at)
{
	char when[40] = "";
	struct tm tm;

	if (place != LOG_ON_STDERR && localtime_r(&at, &tm) != NULL)
		(void)strftime(when, sizeof(when),
		    place == LOG_IN_FILE ? "%Y-%m-%dT%H:%M:%S%z " : "%b %e %H:%M:%S ", &tm);
	/* The journal adds name and pid itself. */
	if (log_settings.journal && place == LOG_ON_STDERR)
		(void)snprintf(line, size, "<%d>", level);
	else if (place == LOG_TO_SYSLOG)
		(void)snprintf(line, size, "<%d>%s%s[%ld]: ", log_settings.facility | level, when,
		    log_settings.service, (long)getpid());
	else
		(void)snprintf(
		    line, size, "%s%s[%ld]: ", when, log_settings.service, (long)getpid());
	return strlen(line);
}

/*
 * One write, so that lines of several processes do not mix.  A lost line must not end a session, so
 * errors are ignored.
 */
static void
end_line(int fd, char *line)
{
	size_t n = strlen(line);

	line[n++] = '\n';
	if (write(fd, line, n) == -1)
		return;
}

static void
write_line(int level, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

static void
write_line(int level, const char *fmt, va_list ap)
{
	int saved = errno;
	char raw[LOG_RECORD_MAX + 100], line[LOG_RECORD_MAX + 390];
	size_t n;

	if (level > log_settings.level)
		return;
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	n = log_begin_line(line, sizeof(line), level, log_where(), time(NULL));
	log_escape(line + n, sizeof(line) - n, raw, "");
	if (log_where() == LOG_TO_SYSLOG)
		send_syslog(line);
	else
		end_line(log_settings.fd, line);
	errno = saved;
}

void
log_line(int level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line(level, fmt, ap);
	va_end(ap);
}

void
log_refusal(const char *text)
{
	char line[2200];
	size_t n;

	if (log_settings.fd != STDERR_FILENO)
		log_line(LEVEL_ERR, "%s", text);
	if (log_settings.fd != STDERR_FILENO && !log_settings.stderr_usable)
		return;
	n = log_begin_line(line, sizeof(line), LEVEL_ERR, LOG_ON_STDERR, 0);
	log_escape(line + n, sizeof(line) - n, text, "");
	end_line(STDERR_FILENO, line);
}
