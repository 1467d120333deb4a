/* Which proxies may say who the peer is: the addresses and networks of --proxy-in. */

#include "protocol/proxy_list.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address_kind.h"
#include "parse.h"

/* An address with its interface and number of bits, and a comma or NUL. */
#define NETWORK_TEXT (INET6_ADDRSTRLEN + IF_NAMESIZE + sizeof("/128"))

/* A network as IPv6: the address, how many bits count, and its interface or 0 for any. */
struct network {
	struct in6_addr address;
	long bits;
	uint32_t interface;
};

/* Parses "192.0.2.1", "10.0.0.0/8", "2001:db8::/32", "fe80::1%eth0".  0 or -1. */
static int
parse_network(char *text, struct network *out)
{
	char *slash = strchr(text, '/');
	struct address a;
	long most;

	if (slash != NULL)
		*slash++ = '\0';
	if (address_parse_scoped(text, &a) != 0)
		return -1;
	address_map(&a, &out->address);
	out->interface = address_interface(&a);
	most = out->bits = a.sa.ss_family == AF_INET ? 32 : 128;
	if (slash != NULL && parse_number(slash, 0, most, &out->bits) == -1)
		return -1;
	out->bits += 128 - most;
	return 0;
}

/* Takes the next network of a list: 1, 0 at the end, -1 if it is not a network. */
static int
next_network(const char **list, struct network *out)
{
	char text[NETWORK_TEXT];
	size_t n = strcspn(*list, ",");

	if (n == 0 && **list == '\0')
		return 0;
	if (n == 0 || n >= sizeof(text))
		return -1;
	memcpy(text, *list, n);
	text[n] = '\0';
	*list += n;
	if (**list == ',')
		++*list;
	return parse_network(text, out) == 0 ? 1 : -1;
}

static void
format_network(const struct network *n, char out[NETWORK_TEXT])
{
	char ip[INET6_ADDRSTRLEN], interface[16] = "";

	(void)inet_ntop(AF_INET6, &n->address, ip, sizeof(ip));
	if (n->interface != 0)
		(void)snprintf(interface, sizeof(interface), "%%%u", n->interface);
	(void)snprintf(out, NETWORK_TEXT, "%s%s/%ld", ip, interface, n->bits);
}

char *
proxy_list_settle(const char *list)
{
	size_t len = strlen(list), commas = 0, used = 0;
	int r = len == 0 || list[len - 1] == ',' ? -1 : 1;
	char *settled, text[NETWORK_TEXT];
	struct network n;

	for (const char *c = list; *c != '\0'; c++)
		commas += *c == ',';
	settled = malloc((commas + 1) * NETWORK_TEXT);
	while (settled != NULL && r == 1 && (r = next_network(&list, &n)) == 1) {
		format_network(&n, text);
		used += (size_t)sprintf(settled + used, "%s%s", used > 0 ? "," : "", text);
	}
	if (r == 0)
		return settled;
	free(settled);
	return NULL;
}

static bool
contains(const struct network *n, const struct in6_addr *a)
{
	size_t whole = (size_t)n->bits / 8, rest = (size_t)n->bits % 8;

	if (memcmp(&n->address, a, whole) != 0)
		return false;
	return rest == 0 || (n->address.s6_addr[whole] ^ a->s6_addr[whole]) >> (8 - rest) == 0;
}

bool
proxy_list_allows(const char *list, const struct address *proxy)
{
	uint32_t interface = address_interface(proxy);
	struct in6_addr given;
	struct network n;

	address_map(proxy, &given);
	while (next_network(&list, &n) == 1)
		if (contains(&n, &given) && (n.interface == 0 || n.interface == interface))
			return true;
	return false;
}
