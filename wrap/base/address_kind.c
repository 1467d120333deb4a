/* What kind of address it is. */

#include "base/address_kind.h"

#include <string.h>

void
address_unmap(const struct address *a, struct address *out)
{
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&a->sa;
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = sin6->sin6_port };

	if (a->sa.ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
		*out = *a;
		return;
	}
	memcpy(&sin.sin_addr, sin6->sin6_addr.s6_addr + 12, 4);
	*out = (struct address){ .len = sizeof(sin) };
	memcpy(&out->sa, &sin, sizeof(sin));
}

void
address_map(const struct address *a, struct in6_addr *out)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&a->sa;

	if (a->sa.ss_family == AF_INET6) {
		*out = ((const struct sockaddr_in6 *)&a->sa)->sin6_addr;
		return;
	}
	memset(out, 0, sizeof(*out));
	if (a->sa.ss_family != AF_INET)
		return;
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(out->s6_addr + 12, &sin->sin_addr, 4);
}

/* An IPv4 address in host order, or 0. */
static uint32_t
v4(const struct address *a)
{
	return a->sa.ss_family == AF_INET ?
	    ntohl(((const struct sockaddr_in *)&a->sa)->sin_addr.s_addr) :
	    0;
}

static const struct in6_addr *
v6(const struct address *a)
{
	return a->sa.ss_family == AF_INET6 ? &((const struct sockaddr_in6 *)&a->sa)->sin6_addr :
					     &in6addr_any;
}

bool
address_is_loopback(const struct address *a)
{
	struct address u;

	address_unmap(a, &u);
	return v4(&u) >> 24 == IN_LOOPBACKNET || IN6_IS_ADDR_LOOPBACK(v6(&u));
}

bool
address_is_localhost(const struct address *a)
{
	struct address u;

	address_unmap(a, &u);
	return v4(&u) == INADDR_LOOPBACK || IN6_IS_ADDR_LOOPBACK(v6(&u));
}

bool
address_is_of_host(const struct address *a)
{
	struct address u;
	uint32_t first;

	address_unmap(a, &u);
	first = v4(&u) >> 24;
	if (u.sa.ss_family == AF_INET)
		return first > 0 && first < 224;
	return !IN6_IS_ADDR_UNSPECIFIED(v6(&u)) && !IN6_IS_ADDR_MULTICAST(v6(&u));
}

bool
address_same_ip(const struct address *a, const struct address *b)
{
	struct address u, w;

	address_unmap(a, &u);
	address_unmap(b, &w);
	return u.sa.ss_family == w.sa.ss_family && v4(&u) == v4(&w) &&
	    memcmp(v6(&u), v6(&w), sizeof(struct in6_addr)) == 0;
}
