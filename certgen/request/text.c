/*
 * Reads UTF-8 strictly: an overlong form or half a character is refused like a control character.
 */

#include "request/text.h"

#include <stdint.h>
#include <string.h>

/* Decodes the character at s: its length and code point, or 0 if it is not well formed. */
static size_t
decode(const unsigned char *s, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = s[0] < 0x80 ? 1 :
	    s[0] < 0xc2          ? 0 :
	    s[0] < 0xe0          ? 2 :
	    s[0] < 0xf0          ? 3 :
	    s[0] < 0xf5          ? 4 :
				   0;
	uint32_t p = len < 2 ? s[0] : s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++) {
		/* The NUL at the end is not a continuation byte, so this never reads beyond it. */
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		p = p << 6 | (s[i] & 0x3f);
	}
	if (len == 0 || p < least[len] || p > 0x10ffff || (p >= 0xd800 && p <= 0xdfff))
		return 0;
	*point = p;
	return len;
}

static int
is_harmless(uint32_t p)
{
	int control = p < 0x20 || (p >= 0x7f && p < 0xa0);
	int turns_writing = p == 0x061c || p == 0x200e || p == 0x200f ||
	    (p >= 0x2028 && p <= 0x202e) || (p >= 0x2066 && p <= 0x2069);
	int no_character = (p & 0xfffe) == 0xfffe || (p >= 0xfdd0 && p <= 0xfdef) || p == 0xfeff;

	return !control && !turns_writing && !no_character;
}

/* Length of a character that may be shown, else 0. */
static size_t
harmless(const char *s)
{
	uint32_t point = 0;
	size_t len = decode((const unsigned char *)s, &point);

	return len > 0 && is_harmless(point) ? len : 0;
}

long
text_length(const char *text)
{
	long count = 0;

	while (*text != '\0') {
		size_t len = harmless(text);

		if (len == 0)
			return -1;
		text += len;
		count++;
	}
	return count;
}

void
text_print(FILE *out, const char *text)
{
	while (*text != '\0') {
		size_t len = harmless(text);

		if (len == 0)
			(void)fprintf(out, "\\x%02x", (unsigned char)*text++);
		else {
			(void)fwrite(text, 1, len, out);
			text += len;
		}
	}
}

char *
text_trim(char *text)
{
	static const char space[] = " \t\r\n";
	size_t len;

	text += strspn(text, space);
	len = strlen(text);
	while (len > 0 && strchr(space, text[len - 1]) != NULL)
		len--;
	text[len] = '\0';
	return text;
}
