/* A line of key=value fields; text from a peer cannot forge a field. */

#include "base/log_record.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
log_escape(char *out, size_t size, const char *in, const char *also)
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

void
log_record_init(struct log_record *r)
{
	r->len = 0;
	r->text[0] = '\0';
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

	/* A lone "-" would look like no value. */
	log_escape(plain, sizeof(plain), value, strcmp(value, "-") == 0 ? "-" : " \"\\=");
	append_key(r, key);
	append(r, plain[0] == '\0' ? "-" : plain);
}

void
log_quoted(struct log_record *r, const char *key, const char *value)
{
	char plain[700];

	log_escape(plain, sizeof(plain), value, "\"\\");
	append_key(r, key);
	append(r, "\"");
	append(r, plain);
	append(r, "\"");
}
