/* Prepares lines for a signal handler to write. */

#include "base/log.h"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log_record.h"
#include "base/log_state.h"

/*
 * Before a handshake a line has no more than 1,500 bytes; with room for the longest record the
 * lines would lie on several pages of memory.
 */
static struct {
	size_t head; /* the length of text; 0 if the level drops the line */
	char tail[128];
	char text[1700];
} kept[LOG_KEPT];

void
log_keep(enum log_kept which, int level, const char *head, const char *tail, int64_t ms)
{
	size_t room = sizeof(kept[which].text) - sizeof(kept[which].tail) - 32, n;

	kept[which].head = 0;
	if (level > log_settings.level)
		return;
	n = log_begin_line(
	    kept[which].text, room, level, log_where(), time(NULL) + (time_t)(ms / 1000));
	log_escape(kept[which].text + n, room - n, head, "");
	log_escape(kept[which].tail, sizeof(kept[which].tail), tail, "");
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
	/* Do not wait for a daemon that accepts no more: this process must end now. */
	if ((log_settings.fd != -1 ? write(fd, line, n) :
				     send(fd, line, n, MSG_NOSIGNAL | MSG_DONTWAIT)) == -1)
		return;
}
