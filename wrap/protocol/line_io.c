/* Lines and replies in clear, bounded in length, number and time. */

#include "protocol/line_io.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocol/clear.h"

#define TLS_HANDSHAKE 0x16 /* the first byte of a ClientHello */

static enum line_io
from_clear(enum clear_io how)
{
	switch (how) {
	case CLEAR_OVER: return LINE_OVER;
	case CLEAR_STOPPED: return LINE_STOPPED;
	case CLEAR_GONE: return LINE_GONE;
	case CLEAR_DONE: break;
	}
	return LINE_WHOLE;
}

/* Looks before it reads: what stands behind the line belongs to the next one, or to TLS. */
enum line_io
line_read(int fd, char *line, size_t max, int64_t deadline)
{
	enum clear_io how;
	char *end = NULL;

	for (size_t n = 0, more; n < max && end == NULL; n += more) {
		if ((how = clear_peek(fd, line + n, max - n, &more, deadline)) != CLEAR_DONE)
			return from_clear(how);
		if ((end = memchr(line + n, '\n', more)) != NULL)
			more = (size_t)(end - (line + n)) + 1;
		if ((how = clear_read_exactly(fd, line + n, more, NULL, deadline)) != CLEAR_DONE)
			return from_clear(how);
		if (memchr(line + n, '\0', more) != NULL || line[0] == TLS_HANDSHAKE)
			return LINE_BINARY;
	}
	if (end == NULL)
		return LINE_LONG;
	if (end > line && end[-1] == '\r')
		end--;
	*end = '\0';
	return LINE_WHOLE;
}

/* The name of this machine, if it can stand in a line of a protocol. */
static const char *
host_name(const char *host)
{
	if (host == NULL || host[0] == '\0')
		return "localhost";
	for (const char *p = host; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
			return "localhost";
	return host;
}

size_t
line_fill(char *out, const char *text, const struct line_fill *f)
{
	char reason[LINE_REASON_MAX];
	const char *word;
	size_t n = 0;

	(void)snprintf(reason, sizeof(reason), "%s", f->reason != NULL ? f->reason : "");
	for (char *p = reason; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	for (; *text != '\0' && n < LINE_TEXT_MAX - 1; text++) {
		if (*text != '$') {
			out[n++] = *text;
			continue;
		}
		text++;
		word = *text == 'H' ? host_name(f->host) : *text == 'T' ? f->tag : reason;
		while (*word != '\0' && n < LINE_TEXT_MAX - 1)
			out[n++] = *word++;
	}
	out[n] = '\0';
	return n;
}

enum line_io
line_write(int fd, const char *text, const struct line_fill *f, int64_t deadline)
{
	char out[LINE_TEXT_MAX];
	size_t n = line_fill(out, text, f);

	return from_clear(clear_write_all(fd, out, n, deadline));
}

/* In upper or lower case. */
static bool
begins(const char *line, const char *with)
{
	return strncasecmp(line, with, strlen(with)) == 0;
}

/* Whether one of the words of line is word; behind an SMTP code there may be a hyphen. */
static bool
has_word(const char *line, const char *word)
{
	bool is_start = true;

	for (const char *p = line; *p != '\0'; p++) {
		/* A blank, a bracket or the end of the line. */
		if (is_start && begins(p, word) && strchr(" ]", p[strlen(word)]) != NULL)
			return true;
		is_start = *p == ' ' || (*p == '-' && p == line + 3);
	}
	return false;
}

/* Whether line is the one that says how the answer is; it is the n-th. */
static bool
decides(const struct line_words *w, const struct line_expect *e, const char *line, int n)
{
	if (w->ending == LINE_BY_HYPHEN)
		return true;
	return w->ending == LINE_BY_DOT || e->greeting ? n == 0 : begins(line, LINE_TAG " ");
}

static bool
ends(const struct line_words *w, const struct line_expect *e, const struct line_reply *r,
    const char *line, int n)
{
	if (w->ending == LINE_BY_HYPHEN)
		return strlen(line) < 4 || line[3] != '-';
	if (w->ending == LINE_BY_DOT && n == 0)
		return !r->good || !e->list;
	return w->ending == LINE_BY_DOT ? strcmp(line, ".") == 0 : decides(w, e, line, n);
}

/* Keeps a line of the other side to show it: on a terminal, or to a local program. */
static void
keep(char *to, size_t size, const char *line)
{
	(void)snprintf(to, size, "%.*s", (int)size - 1, line);
	for (; *to != '\0'; to++)
		if (iscntrl((unsigned char)*to))
			*to = '?';
}

enum line_io
line_read_reply(int fd, const struct line_words *w, const struct line_expect *e,
    struct line_reply *r, int64_t deadline)
{
	const struct line_fill fill = { .tag = LINE_TAG };
	char line[LINE_MAX_BYTES], good[LINE_TEXT_MAX];
	enum line_io how;

	*r = (struct line_reply){ .good = false };
	(void)line_fill(good, e->good, &fill);
	for (int n = 0; n < LINES_MAX; n++) {
		if ((how = line_read(fd, line, w->line_max, deadline)) != LINE_WHOLE)
			return how;
		for (int i = 0; i < LINE_WORDS; i++)
			r->found[i] |= e->words[i] != NULL && has_word(line, e->words[i]);
		if (decides(w, e, line, n)) {
			r->good = begins(line, good);
			keep(r->said, sizeof(r->said), line);
		}
		if (ends(w, e, r, line, n))
			return LINE_WHOLE;
	}
	return LINE_LONG;
}
