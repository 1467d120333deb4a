#ifndef INETLS_NAME_H
#define INETLS_NAME_H

/* One name of a server: what a subjectAltName can hold and clients accept. */

#include <stddef.h>

#include "failure.h"

#define NAME_MAX_LEN 253 /* RFC 1035: 255 octets on the wire */
/* an internationalised name of 253 octets can be this long in UTF-8 */
#define NAME_TYPED_MAX 1023

struct name {
	/* a lower-case domain name in its ASCII form, or an address */
	char text[NAME_MAX_LEN + 1];
	/* an internationalised name as people read it; else empty */
	char unicode[NAME_TYPED_MAX + 1];
	unsigned char ip[16];
	size_t ip_len; /* 4 or 16; 0: a domain name */
	/* how many bits of the address count: all, except in a CA's range (constraint.h) */
	unsigned prefix;
};

/*
 * Parses a domain name (RFC 1123 labels of letters, digits and hyphens; one leading "*.";
 * internationalised by IDNA 2008) or an IP address.  0, or -1 and *why: EX_DATAERR and one line
 * that says what is wrong.
 */
int name_parse(const char *text, struct name *name, struct failure *why);

#endif
