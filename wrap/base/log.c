/*
 * The log.  The only file that includes <syslog.h>, and the only one that knows whether fd 2
 * belongs to the administrator or to the peer.
 */

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#define SYSLOG_NAMES
#include <syslog.h>

#include "base/deadline.h"
#include "base/descriptor.h"
#include "parse.h"

/* The log's settings: there is one log in a process. */
static struct {
	const char *service;
	const char *path;
	int facility;
	int level;
	int fd;     /* -1: syslog */
	int syslog; /* the socket to its daemon, or -1 */
	bool stderr_usable;
	bool stdin_was_open;
	bool stderr_was_peer;
	bool journal; /* fd 2 is the journal's stream, which reads "<5>" as a level */
} log_settings = { .service = "inetls-wrap", .level = LEVEL_NOTICE, .fd = -1, .syslog = -1 };

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
is_journal(const struct stat *st)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char expected[64];

	(void)snprintf(expected, sizeof(expected), "%lu:%lu", (unsigned long)st->st_dev,
	    (unsigned long)st->st_ino);
	return stream != NULL && strcmp(stream, expected) == 0;
}

int
log_claim_stderr(void)
{
	struct stat in, out, err, null;
	int fd;

	/*
	 * What a super-server forgot to close is none of ours, and would count as open ever after.
	 */
	descriptor_close_all(STDERR_FILENO + 1, ~0u);
	log_settings.stdin_was_open = fstat(STDIN_FILENO, &in) == 0;
	if (!log_settings.stdin_was_open || fstat(STDOUT_FILENO, &out) == -1 ||
	    fstat(STDERR_FILENO, &err) == -1) {
		while ((fd = open("/dev/null", O_RDWR)) <= STDERR_FILENO)
			if (fd == -1)
				return -1;
		(void)close(fd);
		(void)fstat(STDIN_FILENO, &in);
		(void)fstat(STDOUT_FILENO, &out);
		(void)fstat(STDERR_FILENO, &err);
	}
	/* A unit that inherits its standard output for errors has the journal's stream as both. */
	log_settings.journal = S_ISSOCK(err.st_mode) && is_journal(&err);
	if (S_ISSOCK(err.st_mode) &&
	    (same_file(&err, &in) || (same_file(&err, &out) && !log_settings.journal))) {
		if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
			return -1;
		(void)dup2(fd, STDERR_FILENO);
		(void)close(fd);
		log_settings.stderr_was_peer = true;
		return 0;
	}
	log_settings.stderr_usable = !(
	    S_ISCHR(err.st_mode) && stat("/dev/null", &null) == 0 && err.st_rdev == null.st_rdev);
	return 0;
}

bool
log_stdin_was_open(void)
{
	return log_settings.stdin_was_open;
}

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
		if ((f = find_name(facilitynames, text, (size_t)(dot - text))) == -1)
			return -1;
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
open_file(const char *path, struct failure *why)
{
	int fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd == -1) {
		failure_set(why, errno == EACCES ? EX_NOPERM : EX_OSERR,
		    "open log %s: %s for uid %lu", path, strerror(errno), (unsigned long)geteuid());
		return -1;
	}
	return fd;
}

/* A socket of our own, and not syslog(3), since a signal handler must be able to write there. */
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

/* A packet with its NUL, which a stream needs.  A daemon that was restarted is looked for once. */
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
	if (o->path != NULL && (log_settings.fd = open_file(o->path, why)) != -1)
		return 0;
	log_settings.path = NULL;
	log_settings.fd = STDERR_FILENO;
	if ((o->stderr_wanted && !log_settings.stderr_was_peer) ||
	    (log_settings.stderr_usable && !o->syslog_wanted))
		return o->path == NULL ? 0 : -1;
	/* Connected now: the socket's path is out of reach once the process is confined. */
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
	if ((fd = open_file(log_settings.path, why)) == -1)
		return -1;
	(void)close(log_settings.fd);
	log_settings.fd = fd;
	return 0;
}

bool
log_is_file(void)
{
	struct stat st;

	return log_settings.fd != -1 && fstat(log_settings.fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Bytes that could end a line or drive a terminal leave as \xNN. */
static void
escape(char *out, size_t size, const char *in, const char *also)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *in != '\0' && n + 5 < size; in++) {
		unsigned char c = (unsigned char)*in;

		if (c >= 0x20 && c < 0x7f && strchr(also, c) == NULL) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
}

enum place { IN_FILE, ON_STDERR, TO_SYSLOG };

/* What a line begins with that is written at that time: its length. */
static size_t
begin_line(char *line, size_t size, int level, enum place place, time_t at)
{
	char when[40] = "";
	struct tm tm;

	if (place != ON_STDERR && localtime_r(&at, &tm) != NULL)
		(void)strftime(when, sizeof(when),
		    place == IN_FILE ? "%Y-%m-%dT%H:%M:%S%z " : "%b %e %H:%M:%S ", &tm);
	/* The journal puts name and pid in front by itself. */
	if (log_settings.journal && place == ON_STDERR)
		(void)snprintf(line, size, "<%d>", level);
	else if (place == TO_SYSLOG)
		(void)snprintf(line, size, "<%d>%s%s[%ld]: ", log_settings.facility | level, when,
		    log_settings.service, (long)getpid());
	else
		(void)snprintf(
		    line, size, "%s%s[%ld]: ", when, log_settings.service, (long)getpid());
	return strlen(line);
}

static enum place
where(void)
{
	return log_settings.fd == -1 ? TO_SYSLOG : log_settings.path != NULL ? IN_FILE : ON_STDERR;
}

/*
 * One write, so that lines of several processes do not mix; a lost line must not lose a session.
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
	char raw[1600], line[2300];
	size_t n;

	if (level > log_settings.level)
		return;
	(void)vsnprintf(raw, sizeof(raw), fmt, ap);
	n = begin_line(line, sizeof(line), level, where(), time(NULL));
	escape(line + n, sizeof(line) - n, raw, "");
	if (where() == TO_SYSLOG)
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
	n = begin_line(line, sizeof(line), LEVEL_ERR, ON_STDERR, 0);
	escape(line + n, sizeof(line) - n, text, "");
	end_line(STDERR_FILENO, line);
}

static void
append(struct log_record *r, const char *text)
{
	size_t n = strlen(text);

	if (n > sizeof(r->text) - 1 - r->len)
		n = sizeof(r->text) - 1 - r->len;
	memcpy(r->text + r->len, text, n);
	r->len += n;
	r->text[r->len] = '\0';
}

static void
append_key(struct log_record *r, const char *key)
{
	if (r->len > 0)
		append(r, " ");
	append(r, key);
	append(r, "=");
}

void
log_field(struct log_record *r, const char *key, const char *fmt, ...)
{
	char value[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	append_key(r, key);
	append(r, value);
}

void
log_untrusted(struct log_record *r, const char *key, const char *value)
{
	char plain[300];

	escape(plain, sizeof(plain), value, " \"\\=");
	append_key(r, key);
	append(r, plain[0] == '\0' ? "-" : plain);
}

void
log_quoted(struct log_record *r, const char *key, const char *value)
{
	char plain[700];

	escape(plain, sizeof(plain), value, "\"\\");
	append_key(r, key);
	append(r, "\"");
	append(r, plain);
	append(r, "\"");
}

/* ---- for signal handlers ---- */

static struct {
	char text[2400];
	size_t head; /* its length; 0 where the level drops the line */
	char tail[128];
} kept[LOG_KEPT];

void
log_keep(enum log_kept which, int level, const char *head, const char *tail, int64_t ms)
{
	size_t room = sizeof(kept[which].text) - sizeof(kept[which].tail) - 32, n;

	kept[which].head = 0;
	if (level > log_settings.level)
		return;
	n = begin_line(kept[which].text, room, level, where(), time(NULL) + (time_t)(ms / 1000));
	escape(kept[which].text + n, room - n, head, "");
	escape(kept[which].tail, sizeof(kept[which].tail), tail, "");
	kept[which].head = strlen(kept[which].text);
}

void
log_say_kept(enum log_kept which, int64_t number)
{
	char digits[20], *line = kept[which].text;
	size_t n = kept[which].head, d = 0;
	int fd = log_settings.fd != -1 ? log_settings.fd : log_settings.syslog;

	if (n == 0 || fd == -1)
		return;
	do
		digits[d++] = (char)('0' + number % 10);
	while ((number /= 10) > 0 && d < sizeof(digits));
	while (d > 0)
		line[n++] = digits[--d];
	line[n++] = ' ';
	for (const char *c = kept[which].tail; *c != '\0'; c++)
		line[n++] = *c;
	line[n++] = log_settings.fd != -1 ? '\n' : '\0';
	/* A daemon that takes no more must not hold who is to end now. */
	if ((log_settings.fd != -1 ? write(fd, line, n) :
				     send(fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT)) == -1)
		return;
}
