/* Names are checked here and not by GnuTLS, which writes any bytes into a certificate. */

#include "name.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define DIGITS "0123456789"
#define LDH "abcdefghijklmnopqrstuvwxyz" DIGITS "-"

/* The longest part of a refused name that a message repeats. */
#define SHOWN "%.60s%s"
#define SHOW(text) (text), strlen(text) > 60 ? "..." : ""

static int
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text >= 0x80)
			return 0;
	return 1;
}

static int
parse_address(const char *text, struct name *name)
{
	int family;

	if (inet_pton(AF_INET, text, name->ip) == 1) {
		family = AF_INET;
		name->ip_len = 4;
	} else if (inet_pton(AF_INET6, text, name->ip) == 1) {
		family = AF_INET6;
		name->ip_len = 16;
	} else
		return 0;
	/* Written back, so that one address has one spelling. */
	return inet_ntop(family, name->ip, name->text, sizeof(name->text)) != NULL;
}

static int
check_label(const char *label, size_t len, const char *whole, struct failure *why)
{
	if (len == 0)
		return failure_set(why, EX_DATAERR, "'" SHOWN "' has a dot too many", SHOW(whole));
	if (len > 63)
		return failure_set(why, EX_DATAERR, "'%.20s...' is longer than the 63 characters that may stand "
		    "between two dots", label);
	if (label[0] == '-' || label[len - 1] == '-')
		return failure_set(why, EX_DATAERR, "'%.*s' begins or ends with a hyphen", (int)len, label);
	return 0;
}

/* text is in lower case and holds letters, digits, hyphens and dots. */
static int
check_labels(const char *text, struct failure *why)
{
	const char *label = text, *last;
	size_t len;

	for (;;) {
		len = strcspn(label, ".");
		if (check_label(label, len, text, why) == -1)
			return -1;
		last = label;
		if (label[len] == '\0')
			break;
		label += len + 1;
	}
	if (strspn(last, DIGITS) == len)
		return failure_set(why, EX_DATAERR, "'" SHOWN "' is no IP address, and no domain name ends in a number",
		    SHOW(text));
	return 0;
}

/* The mistakes that deserve more than "has a ...": what was meant is a name, and something around it. */
static int
check_typing(const char *text, struct failure *why)
{
	if (*text == '\0')
		return failure_set(why, EX_DATAERR, "a name is empty");
	if (strlen(text) > NAME_TYPED_MAX)
		return failure_set(why, EX_DATAERR, "'%.60s...' is longer than 253 characters", text);
	if (text_length(text) == -1)
		return failure_set(why, EX_DATAERR, "'" SHOWN "' holds control characters or is not UTF-8",
		    SHOW(text));
	if (strchr(text, ':') != NULL && strchr(text, '%') != NULL)
		return failure_set(why, EX_DATAERR,
		    "'" SHOWN "' has a scope, which means something on one machine only", SHOW(text));
	if (strchr(text, ':') != NULL || strchr(text, '/') != NULL)
		return failure_set(why, EX_DATAERR,
		    "'" SHOWN "' is neither a name nor an address alone: no port, scheme, path or mask", SHOW(text));
	if (text[strlen(text) - 1] == '.')
		return failure_set(why, EX_DATAERR, "'" SHOWN "' ends in a dot, which no client types: leave it out",
		    SHOW(text));
	return 0;
}

/* Copies text in lower case; checks the length of the name but not its labels. */
static int
copy_ascii(const char *text, char *out, size_t size, struct failure *why)
{
	size_t i, len = strlen(text);

	if (len >= size)
		return failure_set(why, EX_DATAERR, "'%.60s...' is longer than 253 characters", text);
	for (i = 0; i <= len; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
	i = strspn(out, LDH ".");
	if (out[i] != '\0')
		return failure_set(why, EX_DATAERR,
		    "'" SHOWN "' has a '%c': a name is made of letters, digits, hyphens and dots", SHOW(text), out[i]);
	return check_labels(out, why);
}

/* Between what people read and what a certificate holds, in the direction that this text needs. */
static int
internationalise(const char *text, const char *stars, struct name *name, struct failure *why)
{
	gnutls_datum_t other = { NULL, 0 };
	int ascii = is_ascii(text), r;
	char lower[NAME_TYPED_MAX + 1];

	if (ascii && strstr(text, "xn--") == NULL)
		return 0;
	if (ascii)
		r = gnutls_idna_reverse_map(text, (unsigned)strlen(text), &other, 0);
	else
		r = gnutls_idna_map(text, (unsigned)strlen(text), &other, 0);
	if (r < 0)
		return failure_set(why, EX_DATAERR, "'" SHOWN "' is no valid internationalised name: %s", SHOW(text),
		    gnutls_strerror(r));
	(void)snprintf(lower, sizeof(lower), "%.*s", (int)other.size, (const char *)other.data);
	gnutls_free(other.data);
	(void)snprintf(name->unicode, sizeof(name->unicode), "%s%s", stars, ascii ? lower : text);
	return ascii ? 0 : copy_ascii(lower, name->text + strlen(stars), sizeof(name->text) - strlen(stars), why);
}

static int
parse_domain(const char *text, struct name *name, struct failure *why)
{
	const char *stars = strncmp(text, "*.", 2) == 0 ? "*." : "", *rest = text + strlen(stars);

	if (strchr(rest, '*') != NULL)
		return failure_set(why, EX_DATAERR, "'" SHOWN "': a star may only stand for the first label, as in *.example.org",
		    SHOW(text));
	if (*stars != '\0' && strchr(rest, '.') == NULL)
		return failure_set(why, EX_DATAERR, "'" SHOWN "' is too wide: no client accepts a star before a single label",
		    SHOW(text));
	(void)snprintf(name->text, sizeof(name->text), "%s", stars);
	if (is_ascii(rest) &&
	    copy_ascii(rest, name->text + strlen(stars), sizeof(name->text) - strlen(stars), why) == -1)
		return -1;
	return internationalise(is_ascii(rest) ? name->text + strlen(stars) : rest, stars, name, why);
}

int
name_parse(const char *text, struct name *name, struct failure *why)
{
	memset(name, 0, sizeof(*name));
	if (parse_address(text, name))
		return 0;
	name->ip_len = 0;
	if (check_typing(text, why) == -1)
		return -1;
	return parse_domain(text, name, why);
}
