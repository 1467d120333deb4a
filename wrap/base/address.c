/* Addresses: parsed, resolved (without a name service where possible), and formatted. */

#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "nameservice.h"
#include "parse.h"

int
address_split(const char *text, struct endpoint *out)
{
	const char *colon = strrchr(text, ':');
	const char *host = text;
	size_t len = colon == NULL ? 0 : (size_t)(colon - text);

	if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
		if (len == 0)
			return -1; /* with none, all addresses would be meant */
	} else if (len > 0 && memchr(host, ':', len) != NULL)
		/* a bare IPv6 address: it is unclear where it ends and the port begins */
		return -1;
	if (len >= sizeof(out->host))
		return -1;
	memcpy(out->host, host, len);
	out->host[len] = '\0';
	text = colon == NULL ? text : colon + 1;
	if (text[0] == '\0' || strlen(text) >= sizeof(out->port))
		return -1;
	(void)strcpy(out->port, text);
	return 0;
}

static int
parse_port(const char *text, in_port_t *port, struct failure *why)
{
	struct servent *service;
	long n;

	if (parse_number(text, 0, 65535, &n) == 0) {
		*port = htons((uint16_t)n);
		return 0;
	}
	nameservice_use_built_in();
	if ((service = getservbyname(text, "tcp")) == NULL)
		return failure_set(why, EX_USAGE,
		    "port \"%s\": neither a number up to 65535 nor in /etc/services; "
		    "after a host's name it is HOST:PORT",
		    text);
	*port = (in_port_t)service->s_port;
	return 0;
}

static void
add_v4(struct address_list *list, struct in_addr ip, in_port_t port)
{
	struct sockaddr_in *sin = (struct sockaddr_in *)&list->at[list->n].sa;

	*sin = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port, .sin_addr = ip };
	list->at[list->n++].len = sizeof(*sin);
}

static void
add_v6(struct address_list *list, struct in6_addr ip, uint32_t interface, in_port_t port)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&list->at[list->n].sa;

	*sin6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		.sin6_port = port,
		.sin6_addr = ip,
		.sin6_scope_id = interface };
	list->at[list->n++].len = sizeof(*sin6);
}

/*
 * ping may find a name that we do not find.  Then name the services of nsswitch.conf that were not
 * asked.
 */
static int
not_found(const char *host, const char *error, struct failure *why)
{
	char others[128];

	if (*nameservice_not_asked(others, sizeof(others)) == '\0')
		return failure_set(why, EX_UNAVAILABLE, "resolve %s: %s", host, error);
	return failure_set(why, EX_UNAVAILABLE,
	    "resolve %s: %s; this static build looks only in /etc/hosts and DNS, not "
	    "in %s (/etc/nsswitch.conf); give the address instead, or add the name "
	    "to /etc/hosts",
	    host, error, others);
}

static int
look_up(const char *host, in_port_t port, struct address_list *out, struct failure *why)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found, *ai;
	int error;

	nameservice_use_built_in();
	if ((error = getaddrinfo(host, NULL, &hints, &found)) != 0)
		return not_found(
		    host, error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error), why);
	for (ai = found; ai != NULL && out->n < ADDRESS_MAX; ai = ai->ai_next) {
		const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)ai->ai_addr;

		if (ai->ai_family == AF_INET)
			add_v4(out, ((struct sockaddr_in *)ai->ai_addr)->sin_addr, port);
		else if (ai->ai_family == AF_INET6)
			add_v6(out, sin6->sin6_addr, sin6->sin6_scope_id, port);
	}
	freeaddrinfo(found);
	return out->n > 0 ? 0 : not_found(host, "no address", why);
}

/* The interface after the %, or NULL if there is none; ip is what stands before it. */
static const char *
split_interface(const char *text, char ip[INET6_ADDRSTRLEN])
{
	const char *percent = strchr(text, '%');
	size_t n = percent != NULL ? (size_t)(percent - text) : strlen(text);

	(void)snprintf(ip, INET6_ADDRSTRLEN, "%.*s", n < INET6_ADDRSTRLEN ? (int)n : 0, text);
	return percent != NULL ? percent + 1 : NULL;
}

int
address_parse_scoped(const char *text, struct address *out)
{
	char ip[INET6_ADDRSTRLEN];
	const char *interface = split_interface(text, ip);
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&out->sa;
	long number;

	if (address_parse_ip(ip, out) == -1)
		return ADDRESS_NONE;
	if (interface == NULL)
		return 0;
	if (!address_is_link_local(out))
		return ADDRESS_NONE;
	sin6->sin6_scope_id = parse_number(interface, 1, INT32_MAX, &number) == 0 ?
	    (uint32_t)number :
	    if_nametoindex(interface);
	return sin6->sin6_scope_id != 0 ? 0 : ADDRESS_NO_INTERFACE;
}

bool
address_is_link_local(const struct address *a)
{
	return a->sa.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr);
}

uint32_t
address_interface(const struct address *a)
{
	return a->sa.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&a->sa)->sin6_scope_id :
					     0;
}

void
address_bare_host(const char *host, char out[256])
{
	size_t n = strchr(host, ':') != NULL ? strcspn(host, "%") : strlen(host);

	(void)snprintf(out, 256, "%.*s", (int)(n < 255 ? n : 255), host);
}

/* Parses a numeric address: 1, 0 if the text is a name, or -1 and *why. */
static int
take_number(const char *host, in_port_t port, struct address_list *out, struct failure *why)
{
	struct address a;
	int r = address_parse_scoped(host, &a);

	if (r == ADDRESS_NO_INTERFACE)
		return failure_set(
		    why, EX_CONFIG, "%s: there is no interface %s", host, strchr(host, '%') + 1);
	if (r == ADDRESS_NONE)
		return 0;
	if (address_is_link_local(&a) && address_interface(&a) == 0)
		return failure_set(why, EX_USAGE,
		    "%s: a link-local address needs its interface, as in %s%%eth0", host, host);
	address_set_port(&a, ntohs(port));
	out->at[out->n++] = a;
	return 1;
}

int
address_resolve(
    const struct endpoint *e, bool listening, struct address_list *out, struct failure *why)
{
	in_port_t port = 0;
	int r;

	out->n = 0;
	if (parse_port(e->port, &port, why) == -1)
		return -1;
	if (e->host[0] == '\0' && listening) {
		add_v6(out, in6addr_any, 0, port);
		add_v4(out, (struct in_addr){ htonl(INADDR_ANY) }, port);
	} else if (e->host[0] == '\0' || strcmp(e->host, "localhost") == 0) {
		add_v4(out, (struct in_addr){ htonl(INADDR_LOOPBACK) }, port);
		add_v6(out, in6addr_loopback, 0, port);
	} else if ((r = take_number(e->host, port, out, why)) == -1)
		return -1;
	else if (r == 0)
		return look_up(e->host, port, out, why);
	return 0;
}

int
address_parse_ip(const char *text, struct address *out)
{
	struct address_list list = { .n = 0 };
	struct in_addr v4;
	struct in6_addr v6;

	if (inet_pton(AF_INET, text, &v4) == 1)
		add_v4(&list, v4, 0);
	else if (inet_pton(AF_INET6, text, &v6) == 1)
		add_v6(&list, v6, 0, 0);
	else
		return -1;
	*out = list.at[0];
	return 0;
}

int
address_unix(const char *path, struct address *out)
{
	struct sockaddr_un *sun = (struct sockaddr_un *)&out->sa;

	if (strlen(path) >= sizeof(sun->sun_path))
		return -1;
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	(void)strcpy(sun->sun_path, path);
	out->len = sizeof(*sun);
	return 0;
}

void
address_format(const struct address *a, char out[ADDRESS_TEXT])
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&a->sa;
	const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)&a->sa;
	char ip[INET6_ADDRSTRLEN], interface[16] = "";

	if (a->sa.ss_family == AF_INET) {
		(void)inet_ntop(AF_INET, &sin->sin_addr, ip, sizeof(ip));
		(void)snprintf(out, ADDRESS_TEXT, "%s:%u", ip, ntohs(sin->sin_port));
	} else if (a->sa.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
		(void)inet_ntop(AF_INET, sin6->sin6_addr.s6_addr + 12, ip, sizeof(ip));
		(void)snprintf(out, ADDRESS_TEXT, "%s:%u", ip, ntohs(sin6->sin6_port));
	} else if (a->sa.ss_family == AF_INET6) {
		(void)inet_ntop(AF_INET6, &sin6->sin6_addr, ip, sizeof(ip));
		if (sin6->sin6_scope_id != 0)
			(void)snprintf(interface, sizeof(interface), "%%%u", sin6->sin6_scope_id);
		(void)snprintf(
		    out, ADDRESS_TEXT, "[%s%s]:%u", ip, interface, ntohs(sin6->sin6_port));
	} else
		(void)strcpy(out, a->sa.ss_family == AF_UNIX ? "unix" : "-");
}

uint16_t
address_port(const struct address *a)
{
	if (a->sa.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&a->sa)->sin_port);
	if (a->sa.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)&a->sa)->sin6_port);
	return 0;
}

void
address_set_port(struct address *a, uint16_t port)
{
	if (a->sa.ss_family == AF_INET)
		((struct sockaddr_in *)&a->sa)->sin_port = htons(port);
	else if (a->sa.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&a->sa)->sin6_port = htons(port);
}

void
address_get_peer(int fd, struct address *out)
{
	out->len = sizeof(out->sa);
	if (getpeername(fd, (struct sockaddr *)&out->sa, &out->len) == -1)
		out->sa.ss_family = AF_UNSPEC;
}

void
address_get_self(int fd, struct address *out)
{
	out->len = sizeof(out->sa);
	if (getsockname(fd, (struct sockaddr *)&out->sa, &out->len) == -1)
		out->sa.ss_family = AF_UNSPEC;
}

void
address_of_self(int fd, char out[ADDRESS_TEXT])
{
	struct address a;

	address_get_self(fd, &a);
	address_format(&a, out);
}

void
address_words(const struct address *a, char ip[64], char port[8])
{
	char text[ADDRESS_TEXT], *colon;

	address_format(a, text);
	ip[0] = port[0] = '\0';
	if ((colon = strrchr(text, ':')) == NULL)
		return;
	*colon = '\0';
	(void)snprintf(port, 8, "%.7s", colon + 1);
	text[strcspn(text, "]")] = '\0';
	(void)snprintf(ip, 64, "%.63s", text[0] == '[' ? text + 1 : text);
}
