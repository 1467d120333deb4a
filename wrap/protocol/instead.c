/* Names for -n that people bring along from stunnel or mistype: what to write instead. */

#include "protocol/instead.h"

#include <stddef.h>
#include <strings.h>

static const char postgresql[] = "PostgreSQL is -n pgsql";
static const char tls_first[] = "TLS comes first on this port; leave -n out";
static const char capwin[] = "is not supported, nor is there anything like it; keep stunnel for it";

static const struct {
	const char *name, *instead;
} others[] = {
	{ "postgres", postgresql },
	{ "postgresql", postgresql },
	{ "psql", postgresql },
	{ "smtps", tls_first },
	{ "pop3s", tls_first },
	{ "imaps", tls_first },
	{ "nntps", tls_first },
	{ "ldaps", tls_first },
	{ "https", tls_first },
	{ "ldap",
	    "StartTLS of LDAP is not supported; leave -n out, and have clients use ldaps:// (port "
	    "636)" },
	{ "proxy", "write --proxy-out v1 in its place; it goes together with -n pgsql" },
	{ "connect",
	    "HTTP proxies are not supported; have socat ask the proxy (TCP-LISTEN "
	    "and PROXY), and connect to that with -c -r localhost:PORT --sni SERVER" },
	{ "socks",
	    "there is no SOCKS server inside; leave -n out on both sides, and give the port of "
	    "one with -r" },
	{ "cifs",
	    "Samba dropped it in 3.0; SMB 3 encrypts by itself (server smb encrypt = required)" },
	{ "capwin", capwin },
	{ "capwinctrl", capwin },
};

const char *
instead_of(const char *name)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcasecmp(name, others[i].name) == 0)
			return others[i].instead;
	return NULL;
}
