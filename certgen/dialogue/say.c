/* Messages.  stdout is for results; everything else that the program has to say goes to stderr. */

#include "dialogue/say.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "request/text.h"

void
say_begin(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		(void)close(fd);
}

static void say_list(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

static void
say_list(const char *fmt, va_list ap)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	(void)fputs("inetls-certgen: ", stderr);
	text_print(stderr, text);
	(void)fputc('\n', stderr);
}

void
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_list(fmt, ap);
	va_end(ap);
}

int
say_failure(const struct failure *why)
{
	say("%s", why->text);
	return why->code;
}

int
say_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_list(fmt, ap);
	va_end(ap);
	return EX_USAGE;
}

int
say_bad_option(int c, char *const argv[])
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };

	/*
	 * optopt is the letter of a short option.  A long option is the word that getopt has just
	 * passed.
	 */
	if (optopt > 0 && optopt < 0x80 && (word[0] != '-' || word[1] != '-'))
		word = letter;
	if (c == ':')
		return say_usage("%s needs a value; see --help", word);
	return say_usage(
	    "%s is not an option of this command, or takes no value; see --help", word);
}
