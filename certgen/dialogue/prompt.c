/*
 * Questions and answers, line by line.  Signals keep their default effect: Ctrl-C ends the program.
 */

#include "dialogue/prompt.h"

#include <string.h>

#include "dialogue/page.h"
#include "request/text.h"

#define TRIES 3
#define ANSWER_MAX 4096 /* the longest line that a terminal delivers */
#define DEFAULT_MAX 2048

static const char *const questions[REQUEST_FIELDS] = {
	[REQUEST_NAMES] = "Domain names that clients connect to",
	[REQUEST_ORG] = "Organisation",
	[REQUEST_LOCALITY] = "Locality (city)",
	[REQUEST_STATE] = "State or province",
	[REQUEST_COUNTRY] = "Country (two letters)",
	[REQUEST_VALID_DAYS] = "Valid for how many days",
};

/*
 * Reads one line without its newline.  0; 1 if it does not fit, which must not be taken for an
 * answer; -1 at the end of input: a last line without a newline is not an answer.
 */
static int
read_line(FILE *in, char *line, size_t size)
{
	size_t len = 0;
	int c;

	for (; (c = getc(in)) != EOF && c != '\n'; len++)
		/* A NUL would end the text; \1 is refused later as a bad character. */
		if (len + 1 < size)
			line[len] = c == '\0' ? '\1' : (char)c;
	line[len < size ? len : size - 1] = '\0';
	if (c == EOF)
		return -1;
	return len < size ? 0 : 1;
}

static int
end_of_input(FILE *out, struct failure *why)
{
	(void)fputc('\n', out);
	return failure_set(why, EX_DATAERR, "end of input: nothing was written");
}

static void
print_reason(FILE *out, const struct failure *refused)
{
	(void)fputs("  ", out);
	text_print(out, refused->text);
	(void)fputc('\n', out);
}

/* Asks once: 0 if the request accepted the answer, 1 if it refused it, -1 at the end of input. */
static int
ask_once(
    struct request *request, enum request_field field, FILE *in, FILE *out, struct failure *why)
{
	char line[ANSWER_MAX], now[DEFAULT_MAX], *answer;
	struct failure refused;
	int r;

	(void)fprintf(out, "%s [",
	    field == REQUEST_NAMES && request->purpose == REQUEST_AUTHORITY ?
		"Domains and ranges of addresses that it may sign for" :
		questions[field]);
	text_print(out, request_get(request, field, now, sizeof(now)));
	(void)fputs("]: ", out);
	(void)fflush(out);
	if ((r = read_line(in, line, sizeof(line))) == -1)
		return end_of_input(out, why);
	answer = text_trim(line);
	if (r == 0 && *answer == '\0')
		return 0;
	if (strcmp(answer, ".") == 0)
		*answer = '\0';
	if (r == 1)
		failure_set(
		    &refused, EX_DATAERR, "the line is longer than %d bytes", ANSWER_MAX - 1);
	else if (request_set(request, field, answer, &refused) == 0)
		return 0;
	print_reason(out, &refused);
	return 1;
}

static int
ask(struct request *request, enum request_field field, FILE *in, FILE *out, struct failure *why)
{
	for (int tries = 0; tries < TRIES; tries++) {
		int r = ask_once(request, field, in, out, why);

		if (r != 1)
			return r;
	}
	return failure_set(why, EX_DATAERR, "refused %d times: nothing was written", TRIES);
}

int
prompt_request(struct request *request, FILE *in, FILE *out, struct failure *why)
{
	page_line(out, "", 0,
	    "Enter takes the value in [brackets], a single dot leaves it empty, "
	    "Ctrl-C writes nothing.");
	(void)fputc('\n', out);
	/* A client's name is given on the command line; there are no others. */
	for (int field = request->purpose == REQUEST_CLIENT ? REQUEST_ORG : 0;
	     field < REQUEST_FIELDS; field++)
		if (ask(request, (enum request_field)field, in, out, why) == -1)
			return -1;
	return 0;
}

int
prompt_confirm(const char *question, FILE *in, FILE *out, struct failure *why)
{
	for (int tries = 0; tries < TRIES; tries++) {
		char line[ANSWER_MAX];
		const char *answer;
		int r;

		(void)fprintf(out, "%s [Y/n] ", question);
		(void)fflush(out);
		if ((r = read_line(in, line, sizeof(line))) == -1)
			return end_of_input(out, why);
		answer = r == 1 ? "?" : text_trim(line);
		if (*answer == '\0' || strcasecmp(answer, "y") == 0 ||
		    strcasecmp(answer, "yes") == 0)
			return 0;
		if (strcasecmp(answer, "n") == 0 || strcasecmp(answer, "no") == 0)
			return failure_set(why, EX_DATAERR, "nothing was written");
		(void)fputs("  y or n\n", out);
	}
	return failure_set(why, EX_DATAERR, "refused %d times: nothing was written", TRIES);
}
