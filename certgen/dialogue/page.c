/* Asks for the terminal's width at each line, since a window may be resized between two lines. */

#include "dialogue/page.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "request/text.h"

#define NARROWEST 20 /* a terminal that reports less is not a window that anybody reads in */

/* How many columns the stream's terminal has; 0 if it is not a terminal or does not say. */
static int
width_of(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) == -1 ||
	    size.ws_col < NARROWEST)
		return 0;
	return size.ws_col;
}

/* Length of the part of text that must not be broken: up to and including a blank or a colon. */
static size_t
part_len(const char *text)
{
	size_t len = strcspn(text, " :");

	return text[len] == '\0' ? len : len + 1;
}

/* How many columns a part takes, without a blank at its end. */
static int
part_width(const char *part, size_t len)
{
	int width = 0;

	for (size_t i = 0; i < len; i++)
		width += ((unsigned char)part[i] & 0xc0) != 0x80;
	return len > 0 && part[len - 1] == ' ' ? width - 1 : width;
}

static void
print_part(FILE *out, const char *text, size_t len)
{
	char part[1024];

	while (len > 0) {
		size_t some = len < sizeof(part) ? len : sizeof(part) - 1;

		(void)snprintf(part, sizeof(part), "%.*s", (int)some, text);
		text_print(out, part);
		text += some;
		len -= some;
	}
}

void
page_line(FILE *out, const char *label, int column, const char *text)
{
	int width = width_of(out), at = column, blank = 0;

	(void)fprintf(out, "%-*s", column, label);
	while (*text != '\0') {
		size_t len = part_len(text);
		int ends_blank = text[len - 1] == ' ', wide = part_width(text, len);

		if (width > 0 && at > column && at + blank + wide > width) {
			(void)fprintf(out, "\n%*s", column, "");
			at = column;
		} else if (blank) {
			(void)fputc(' ', out);
			at++;
		}
		print_part(out, text, len - (size_t)ends_blank);
		at += wide;
		blank = ends_blank;
		text += len;
	}
	(void)fputc('\n', out);
}

static int
is_coloured(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || *no == '\0') && term != NULL && *term != '\0' &&
	    strcmp(term, "dumb") != 0 && isatty(fileno(out));
}

void
page_word(FILE *out, enum page_colour colour, const char *word)
{
	static const char *const codes[] = {
		[PAGE_GREEN] = "32", [PAGE_YELLOW] = "33", [PAGE_RED] = "31"
	};

	if (is_coloured(out))
		(void)fprintf(out, "\033[%sm%s\033[0m", codes[colour], word);
	else
		(void)fputs(word, out);
}
