/* Names are checked here, because GnuTLS writes any bytes into a certificate. */

#include "request/name.h"

#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>

#include "request/text.h"

#define DIGITS "0123456789"
#define LDH "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-." DIGITS

/* The message repeats at most 60 bytes of the refused text. */
static int
refuse(const char *text, const char *reason, struct failure *why)
{
	return failure_set(
	    why, EX_DATAERR, "'%.60s%s' %s", text, strlen(text) > 60 ? "..." : "", reason);
}

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
	name->prefix = (unsigned)name->ip_len * 8;
	/* Written back from binary, so that each address has one spelling. */
	return inet_ntop(family, name->ip, name->text, sizeof(name->text)) != NULL;
}

static int
check_label(const char *label, size_t len, const char *whole, struct failure *why)
{
	if (len == 0)
		return refuse(whole, "has a dot too many", why);
	if (len > 63)
		return refuse(label, "is longer than 63 characters up to its next dot", why);
	if (label[0] == '-' || label[len - 1] == '-')
		return failure_set(
		    why, EX_DATAERR, "'%.*s' begins or ends with a hyphen", (int)len, label);
	return 0;
}

/* text is in lower case and holds only letters, digits, hyphens and dots. */
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
		return refuse(
		    text, "is not an IP address, and no domain name ends in a number", why);
	return 0;
}

/*
 * Mistakes that deserve more than "has a ...": the user meant a name, but typed something around
 * it.
 */
static int
check_typing(const char *text, struct failure *why)
{
	if (*text == '\0')
		return failure_set(why, EX_DATAERR, "a name is empty");
	if (strlen(text) > NAME_TYPED_MAX)
		return refuse(text, "is longer than 253 characters", why);
	if (text_length(text) == -1)
		return refuse(text, "holds control characters or is not UTF-8", why);
	if (strchr(text, ':') != NULL && strchr(text, '%') != NULL)
		return refuse(
		    text, "has a scope (%...), which means something only on one machine", why);
	if (strchr(text, ':') != NULL || strchr(text, '/') != NULL)
		return refuse(text,
		    "must be a name or an address, without brackets, port, scheme, path or mask",
		    why);
	if (text[strlen(text) - 1] == '.')
		return refuse(text, "ends in a dot, which no client types: leave it out", why);
	return 0;
}

/* Checks characters beyond ASCII: IDNA drops bad ones silently. */
static int
check_characters(const char *text, struct failure *why)
{
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x80 && strchr(LDH, *c) == NULL)
			return failure_set(why, EX_DATAERR,
			    "'%.60s' has a '%c': a name is made of letters, digits, hyphens and dots, "
			    "and TLS refuses a client that asks for another; let clients use a name "
			    "without it, or the address",
			    text, *c);
	return 0;
}

/* Copies text in lower case. */
static int
copy_ascii(const char *text, char *out, size_t size, struct failure *why)
{
	size_t len = strlen(text);

	if (len >= size)
		return refuse(text, "is longer than 253 characters", why);
	for (size_t i = 0; i <= len; i++)
		out[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
	return check_labels(out, why);
}

/* Decodes an ASCII form, or -1 if it stands for nothing. */
static int
to_unicode(const char *ascii, char *out, size_t size)
{
	gnutls_datum_t unicode = { NULL, 0 };
	int r = gnutls_idna_reverse_map(ascii, (unsigned)strlen(ascii), &unicode, 0);

	(void)snprintf(out, size, "%.*s", (int)unicode.size, (const char *)unicode.data);
	gnutls_free(unicode.data);
	return r < 0 ? -1 : 0;
}

static int
not_idna(const char *text, struct failure *why)
{
	return refuse(text, "has a character that no domain name may have (IDNA 2008)", why);
}

static int
to_ascii(const char *text, char *out, size_t size, struct failure *why)
{
	gnutls_datum_t ascii = { NULL, 0 };
	char again[NAME_TYPED_MAX + 1];

	if (gnutls_idna_map(text, (unsigned)strlen(text), &ascii, 0) < 0)
		return not_idna(text, why);
	(void)snprintf(again, sizeof(again), "%.*s", (int)ascii.size, (const char *)ascii.data);
	gnutls_free(ascii.data);
	if (copy_ascii(again, out, size, why) == -1)
		return -1;
	/*
	 * libidn2 drops characters that it does not accept.  A name with fewer characters is
	 * another name.
	 */
	if (to_unicode(out, again, sizeof(again)) == -1 || text_length(again) < text_length(text))
		return not_idna(text, why);
	return 0;
}

/* Fills name->text after its stars, and name->unicode if that differs. */
static int
take_name(const char *rest, const char *stars, struct name *name, struct failure *why)
{
	size_t skip = strlen(stars);
	char *ascii = name->text + skip, unicode[NAME_TYPED_MAX + 1];

	if (!is_ascii(rest)) {
		(void)snprintf(name->unicode, sizeof(name->unicode), "%s%s", stars, rest);
		return to_ascii(rest, ascii, sizeof(name->text) - skip, why);
	}
	if (copy_ascii(rest, ascii, sizeof(name->text) - skip, why) == -1)
		return -1;
	if (strstr(ascii, "xn--") == NULL)
		return 0;
	if (to_unicode(ascii, unicode, sizeof(unicode)) == -1)
		return refuse(rest, "what follows xn-- is not an encoded name", why);
	/* This form is only shown, so leave it out if it could steer a terminal. */
	if (text_length(unicode) != -1 && strcmp(unicode, ascii) != 0)
		(void)snprintf(name->unicode, sizeof(name->unicode), "%.2s%.1000s", stars, unicode);
	return 0;
}

static int
parse_domain(const char *text, struct name *name, struct failure *why)
{
	const char *stars = strncmp(text, "*.", 2) == 0 ? "*." : "", *rest = text + strlen(stars);

	if (strchr(rest, '*') != NULL)
		return refuse(
		    text, "a star may only stand for the first label, as in *.example.org", why);
	if (*stars != '\0' && strchr(rest, '.') == NULL)
		return refuse(
		    text, "is too wide: no client accepts a star before a single label", why);
	if (check_characters(rest, why) == -1)
		return -1;
	(void)snprintf(name->text, sizeof(name->text), "%s", stars);
	return take_name(rest, stars, name, why);
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
