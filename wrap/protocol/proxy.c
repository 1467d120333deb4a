/* Reads and writes PROXY protocol headers. */

#include "protocol/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/address_kind.h"
#include "parse.h"
#include "protocol/clear.h"

#define LINE 107 /* the longest header of version 1, with its CR LF */

static const unsigned char signature[12] = { '\r', '\n', '\r', '\n', '\0', '\r', '\n', 'Q', 'U',
	'I', 'T', '\n' };

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21, V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

static enum proxy_verdict
read_exactly(int fd, void *data, size_t n, int64_t deadline)
{
	switch (clear_read_exactly(fd, data, n, NULL, deadline)) {
	case CLEAR_OVER: return PROXY_TIMEOUT;
	case CLEAR_STOPPED: return PROXY_STOPPED;
	case CLEAR_GONE: return PROXY_GONE;
	case CLEAR_DONE: break;
	}
	return PROXY_OK;
}

/* Parses "PROXY TCP4 192.0.2.1 192.0.2.2 51234 443", without its line end. */
static enum proxy_verdict
parse_line(char *line, struct address *from)
{
	char *rest = line, *word[6] = { NULL };
	long port, other_port;
	struct address a, other;
	int n = 0;

	while (n < 6 && (word[n] = strsep(&rest, " ")) != NULL)
		n++;
	if (n >= 2 && strcmp(word[1], "UNKNOWN") == 0)
		return PROXY_LOCAL;
	if (n != 6 || rest != NULL || parse_number(word[4], 0, 65535, &port) == -1 ||
	    parse_number(word[5], 0, 65535, &other_port) == -1 ||
	    address_parse_ip(word[2], &a) == -1 || address_parse_ip(word[3], &other) == -1 ||
	    a.sa.ss_family != other.sa.ss_family)
		return PROXY_BAD;
	if (strcmp(word[1], a.sa.ss_family == AF_INET ? "TCP4" : "TCP6") != 0)
		return PROXY_BAD;
	address_set_port(&a, (uint16_t)port);
	*from = a;
	return PROXY_OK;
}

/* Version 1 has no length, so read it byte by byte to take nothing of what follows. */
static enum proxy_verdict
read_line(int fd, unsigned char *begun, size_t n, int64_t deadline, struct address *from)
{
	enum proxy_verdict how;
	char line[LINE + 1];

	memcpy(line, begun, n);
	while (n < LINE && !(n >= 2 && line[n - 1] == '\n')) {
		if ((how = read_exactly(fd, line + n, 1, deadline)) != PROXY_OK)
			return how;
		n++;
	}
	if (line[n - 1] != '\n' || line[n - 2] != '\r' || memchr(line, '\0', n) != NULL)
		return PROXY_BAD;
	line[n - 2] = '\0';
	return parse_line(line, from);
}

static enum proxy_verdict
parse_binary(unsigned char command, unsigned char family, const unsigned char *body, size_t n,
    struct address *from)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&from->sa;
	struct sockaddr_in *sin = (struct sockaddr_in *)&from->sa;

	if (command == V2_LOCAL)
		return PROXY_LOCAL;
	if (command != V2_PROXY)
		return PROXY_BAD;
	if (family == V2_TCP4 && n >= 12) {
		*sin = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&sin->sin_addr, body, 4);
		memcpy(&sin->sin_port, body + 8, 2);
		from->len = sizeof(*sin);
		return PROXY_OK;
	}
	if (family == V2_TCP6 && n >= 36) {
		*sin6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
		memcpy(&sin6->sin6_addr, body, 16);
		memcpy(&sin6->sin6_port, body + 32, 2);
		from->len = sizeof(*sin6);
		return PROXY_OK;
	}
	return family == V2_TCP4 || family == V2_TCP6 ? PROXY_BAD : PROXY_LOCAL;
}

static enum proxy_verdict
read_binary(int fd, int64_t deadline, struct address *from)
{
	unsigned char head[4], body[PROXY_MAX];
	enum proxy_verdict how = read_exactly(fd, head, sizeof(head), deadline);
	size_t n;

	if (how != PROXY_OK)
		return how;
	n = (size_t)head[2] << 8 | head[3];
	if (n > sizeof(body))
		return PROXY_BAD;
	if ((how = read_exactly(fd, body, n, deadline)) != PROXY_OK)
		return how;
	return parse_binary(head[0], head[1], body, n, from);
}

enum proxy_verdict
proxy_read(int fd, int64_t deadline, struct address *from)
{
	unsigned char begun[sizeof(signature)];
	enum proxy_verdict how = read_exactly(fd, begun, sizeof(begun), deadline);

	/* Twelve bytes are fewer than the shortest header of either version. */
	if (how != PROXY_OK)
		return how;
	if (memcmp(begun, signature, sizeof(signature)) == 0)
		return read_binary(fd, deadline, from);
	if (memcmp(begun, "PROXY ", 6) == 0)
		return read_line(fd, begun, sizeof(begun), deadline, from);
	return PROXY_BAD;
}

static in_port_t
port_of(const struct address *a)
{
	return htons(address_port(a));
}

static size_t
write_line(unsigned char *out, bool v6, const struct in6_addr ip[2], const struct address *from,
    const struct address *to)
{
	char text[2][INET6_ADDRSTRLEN];

	for (int i = 0; i < 2; i++)
		(void)inet_ntop(v6 ? AF_INET6 : AF_INET,
		    v6 ? (const void *)&ip[i] : ip[i].s6_addr + 12, text[i], sizeof(text[i]));
	return (size_t)snprintf((char *)out, PROXY_OUT, "PROXY %s %s %s %u %u\r\n",
	    v6 ? "TCP6" : "TCP4", text[0], text[1], address_port(from), address_port(to));
}

static size_t
write_binary(unsigned char *out, bool v6, const struct in6_addr ip[2], const struct address *from,
    const struct address *to)
{
	size_t len = v6 ? 16 : 4, at = sizeof(signature) + 4;
	in_port_t ports[2] = { port_of(from), port_of(to) };

	memcpy(out, signature, sizeof(signature));
	out[12] = V2_PROXY;
	out[13] = v6 ? V2_TCP6 : V2_TCP4;
	out[14] = 0;
	out[15] = (unsigned char)(2 * len + sizeof(ports));
	for (int i = 0; i < 2; i++, at += len)
		memcpy(out + at, v6 ? ip[i].s6_addr : ip[i].s6_addr + 12, len);
	memcpy(out + at, ports, sizeof(ports));
	return at + sizeof(ports);
}

size_t
proxy_write(
    unsigned char out[PROXY_OUT], int version, const struct address *from, const struct address *to)
{
	struct in6_addr ip[2];
	bool v6;

	address_map(from, &ip[0]);
	address_map(to, &ip[1]);
	v6 = !IN6_IS_ADDR_V4MAPPED(&ip[0]) || !IN6_IS_ADDR_V4MAPPED(&ip[1]);
	/* A peer on a Unix socket has no address to tell. */
	if (from->sa.ss_family != AF_INET && from->sa.ss_family != AF_INET6) {
		if (version == 1) {
			memcpy(out, "PROXY UNKNOWN\r\n", 15);
			return 15;
		}
		memcpy(out, signature, sizeof(signature));
		memcpy(out + sizeof(signature), "\x20\0\0\0", 4);
		return sizeof(signature) + 4;
	}
	return version == 1 ? write_line(out, v6, ip, from, to) :
			      write_binary(out, v6, ip, from, to);
}
