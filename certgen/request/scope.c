/* Parses a domain, an address or a range of addresses that a CA may sign for. */

#include "request/scope.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "parse.h"

static int
parse_range(const char *text, const char *slash, struct name *name, struct failure *why)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = (size_t)(slash - text);
	long prefix;

	if (len < sizeof(address)) {
		(void)snprintf(address, sizeof(address), "%.*s", (int)len, text);
		if (name_parse(address, name, NULL) == 0 && name->ip_len > 0 &&
		    parse_number(slash + 1, 0, (long)name->ip_len * 8, &prefix) == 0) {
			name->prefix = (unsigned)prefix;
			(void)snprintf(name->text, sizeof(name->text), "%s/%ld", address, prefix);
			return 0;
		}
	}
	return failure_set(
	    why, EX_DATAERR, "'%.60s' is not a range of addresses, such as 10.0.0.0/8", text);
}

int
scope_parse(const char *text, struct name *name, struct failure *why)
{
	const char *slash = strchr(text, '/');

	if (slash != NULL && strchr(slash + 1, '/') == NULL && text[strcspn(text, ":.")] != '\0' &&
	    strspn(text, "0123456789abcdefABCDEF:./") == strlen(text))
		return parse_range(text, slash, name, why);
	if (strncmp(text, "*.", 2) == 0)
		return failure_set(why, EX_DATAERR,
		    "'%.60s': write a CA's domain without a star; it includes what is below "
		    "it: %.60s",
		    text, text + 2);
	return name_parse(text, name, why);
}
