/* Takes a pkcs11: URL apart, and keeps its PIN out of every text. */

#include "token_url.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SCHEME "pkcs11:"
#define SCHEME_LEN (sizeof(SCHEME) - 1)

/* name=value: both point into the URL. */
struct attribute {
	const char *name, *value;
	size_t name_len, value_len;
};

bool
token_url_is(const char *text)
{
	return strncmp(text, SCHEME, SCHEME_LEN) == 0;
}

size_t
token_url_find(const char *text, const char **url)
{
	const char *line = text;

	while (!token_url_is(line)) {
		if ((line = strchr(line, '\n')) == NULL)
			return 0;
		line++;
	}
	*url = line;
	return strcspn(line, "\r\n");
}

/* Takes the next attribute of what is left; false at the end. */
static bool
next(const char **at, const char *end, struct attribute *a)
{
	const char *stop = *at;

	if (*at >= end)
		return false;
	while (stop < end && strchr(";?&", *stop) == NULL)
		stop++;
	a->name = *at;
	a->value = memchr(*at, '=', (size_t)(stop - *at));
	a->name_len = (size_t)((a->value != NULL ? a->value : stop) - *at);
	a->value = a->value != NULL ? a->value + 1 : stop;
	a->value_len = (size_t)(stop - a->value);
	*at = stop < end ? stop + 1 : end;
	return true;
}

static bool
is(const struct attribute *a, const char *name)
{
	return a->name_len == strlen(name) && strncmp(a->name, name, a->name_len) == 0;
}

static int
digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* The length, or -1 if it does not fit, or holds a NUL or a '%' without two digits. */
static int
decode(const struct attribute *a, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < a->value_len; i++) {
		char c = a->value[i];

		if (c == '%') {
			if (i + 2 >= a->value_len || !isxdigit((unsigned char)a->value[i + 1]) ||
			    !isxdigit((unsigned char)a->value[i + 2]))
				return -1;
			c = (char)(digit(a->value[i + 1]) << 4 | digit(a->value[i + 2]));
			i += 2;
		}
		if (c == '\0' || n + 1 >= size)
			return -1;
		out[n++] = c;
	}
	out[n] = '\0';
	return (int)n;
}

/* Only a file: a program behind `|` would run as root. */
static int
read_pin_source(struct token_url *u, const struct attribute *a, struct failure *why)
{
	char text[TOKEN_URL_MAX];
	const char *path = text;

	if (decode(a, text, sizeof(text)) == -1)
		path = "";
	if (strncmp(path, "file:", 5) == 0)
		path += 5;
	if (strncmp(path, "///", 3) == 0)
		path += 2;
	if (*path != '/')
		return failure_set(why, EX_CONFIG,
		    "%s: pin-source must be a file with its whole path: pin-source=file:/PATH",
		    u->text);
	(void)snprintf(u->pin_source, sizeof(u->pin_source), "%s", path);
	return 0;
}

/* What is about the object's kind, the PIN or the module does not go into the text. */
static int
take(struct token_url *u, const struct attribute *a, bool *kept, struct failure *why)
{
	*kept = false;
	if (is(a, "type") || is(a, "object-type"))
		return 0;
	if (is(a, "pin-source"))
		return read_pin_source(u, a, why);
	if (is(a, "pin-value")) {
		if (decode(a, u->pin, sizeof(u->pin)) > 0)
			return 0;
		return failure_set(why, EX_CONFIG, "%s: pin-value cannot be read", u->text);
	}
	if (is(a, "module-path")) {
		if (decode(a, u->module, sizeof(u->module)) > 0 && u->module[0] == '/')
			return 0;
		return failure_set(why, EX_CONFIG,
		    "%s: module-path must be the whole path of the module", u->text);
	}
	/* p11-kit knows old spellings (pinfile): they must not reach a message either. */
	if (a->name_len >= 3 && strncasecmp(a->name, "pin", 3) == 0)
		return failure_set(why, EX_CONFIG,
		    "%s: '%.*s' is no attribute of a URL here: pin-source or pin-value", u->text,
		    (int)a->name_len, a->name);
	if (is(a, "module-name"))
		return failure_set(why, EX_CONFIG,
		    "%s: module-name is not known here; write module-path=/PATH/MODULE.so",
		    u->text);
	*kept = true;
	return 0;
}

/* p11-kit leaves out white space: here nothing may be read in two ways. */
static int
check_characters(const char *url, size_t len, struct failure *why)
{
	if (len >= TOKEN_URL_MAX)
		return failure_set(
		    why, EX_CONFIG, "a pkcs11: URL is longer than %d bytes", TOKEN_URL_MAX - 1);
	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)url[i]))
			return failure_set(why, EX_CONFIG,
			    "a pkcs11: URL holds a blank or a character that is not ASCII; write it "
			    "with %%: a blank is %%20");
	return 0;
}

int
token_url_read(struct token_url *u, const char *url, size_t len, struct failure *why)
{
	const char *at = url + SCHEME_LEN, *end = url + len;
	size_t used = SCHEME_LEN;
	struct attribute a;
	bool kept;

	memset(u, 0, sizeof(*u));
	if (check_characters(url, len, why) == -1)
		return -1;
	memcpy(u->text, SCHEME, SCHEME_LEN);
	while (next(&at, end, &a)) {
		if (take(u, &a, &kept, why) == -1)
			return -1;
		if (!kept || a.name_len == 0)
			continue;
		if (used > SCHEME_LEN)
			u->text[used++] = ';';
		memcpy(u->text + used, a.name, (size_t)(a.value + a.value_len - a.name));
		used += (size_t)(a.value + a.value_len - a.name);
	}
	return 0;
}

int
token_url_check_argument(const char *url, struct failure *why)
{
	struct token_url u;
	int r = token_url_read(&u, url, strlen(url), why);

	if (r == 0 && u.pin[0] != '\0')
		r = failure_set(why, EX_USAGE,
		    "%s: pin-value on a command line shows the PIN to every user of this machine "
		    "(ps); write pin-source=file:/PATH, or the URL into a file of mode 0600",
		    u.text);
	else if (r == -1)
		why->code = EX_USAGE;
	explicit_bzero(&u, sizeof(u));
	return r;
}

int
token_url_value(const char *url, const char *name, char *out, size_t size)
{
	const char *at = url + SCHEME_LEN, *end = url + strlen(url);
	struct attribute a;

	while (next(&at, end, &a))
		if (is(&a, name))
			return decode(&a, out, size);
	return -1;
}

void
token_url_token(const char *url, char out[TOKEN_URL_MAX])
{
	const char *at = url + SCHEME_LEN, *end = url + strlen(url);
	size_t used = (size_t)snprintf(out, TOKEN_URL_MAX, SCHEME);
	struct attribute a;

	while (next(&at, end, &a))
		if (!is(&a, "object") && !is(&a, "id") && !is(&a, "type"))
			used += (size_t)snprintf(out + used, TOKEN_URL_MAX - used, "%s%.*s",
			    used > SCHEME_LEN ? ";" : "", (int)(a.value + a.value_len - a.name),
			    a.name);
}
