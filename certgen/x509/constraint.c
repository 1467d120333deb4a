/*
 * Name constraints.  For each kind of name of which nothing is permitted, everything is excluded:
 * otherwise a CA that is limited to some domains could still sign for any address.
 */

#include "x509/constraint.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* No name ends in it (RFC 6761), so permitting only this domain permits none. */
#define NO_DOMAIN "invalid"

/* An address and its mask, in RFC 5280's form: 8 or 32 bytes. */
static unsigned
range_bytes(const struct name *name, unsigned char out[32])
{
	for (size_t i = 0; i < name->ip_len; i++) {
		unsigned bits = name->prefix > 8 * i ? name->prefix - (unsigned)(8 * i) : 0;
		unsigned char mask = (unsigned char)(bits >= 8 ? 0xff : 0xff00u >> bits);

		out[i] = name->ip[i] & mask;
		out[name->ip_len + i] = mask;
	}
	return (unsigned)(2 * name->ip_len);
}

static int
permit(gnutls_x509_name_constraints_t all, const struct name *name)
{
	unsigned char range[32];
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)name->text,
		(unsigned)strlen(name->text) };

	if (name->ip_len == 0)
		return gnutls_x509_name_constraints_add_permitted(all, GNUTLS_SAN_DNSNAME, &data);
	data.data = range;
	data.size = range_bytes(name, range);
	return gnutls_x509_name_constraints_add_permitted(all, GNUTLS_SAN_IPADDRESS, &data);
}

static int
has_kind(const struct request *request, size_t ip_len)
{
	for (size_t i = 0; i < request->name_count; i++)
		if (request->names[i].ip_len == ip_len)
			return 1;
	return 0;
}

/*
 * Excludes the kinds of name of which nothing is permitted.  For addresses that is all of
 * 0.0.0.0/0, or of ::/0.
 */
static int
exclude_rest(gnutls_x509_name_constraints_t all, const struct request *request)
{
	static unsigned char zeros[32];
	gnutls_datum_t none = { (unsigned char *)(uintptr_t)NO_DOMAIN, sizeof(NO_DOMAIN) - 1 };
	int r = 0;

	if (!has_kind(request, 0))
		r = gnutls_x509_name_constraints_add_permitted(all, GNUTLS_SAN_DNSNAME, &none);
	for (size_t len = 4; r == 0 && len <= 16; len += 12) {
		gnutls_datum_t range = { zeros, (unsigned)(2 * len) };

		if (!has_kind(request, len))
			r = gnutls_x509_name_constraints_add_excluded(
			    all, GNUTLS_SAN_IPADDRESS, &range);
	}
	return r;
}

int
constraint_apply(gnutls_x509_crt_t cert, const struct request *request)
{
	gnutls_x509_name_constraints_t all;
	int r = gnutls_x509_name_constraints_init(&all);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < request->name_count; i++)
		r = permit(all, &request->names[i]);
	if (r == 0)
		r = exclude_rest(all, request);
	if (r == 0)
		r = gnutls_x509_crt_set_name_constraints(cert, all, 1);
	gnutls_x509_name_constraints_deinit(all);
	return r;
}

/* NULL if it has none, or they cannot be read: then no name can be checked against them. */
static gnutls_x509_name_constraints_t
constraints_of(gnutls_x509_crt_t ca)
{
	gnutls_x509_name_constraints_t all = NULL;
	unsigned critical;

	if (gnutls_x509_name_constraints_init(&all) < 0)
		return NULL;
	if (gnutls_x509_crt_get_name_constraints(ca, all, 0, &critical) == 0)
		return all;
	gnutls_x509_name_constraints_deinit(all);
	return NULL;
}

int
constraint_permits(gnutls_x509_crt_t ca, const struct name *name)
{
	gnutls_x509_name_constraints_t all = constraints_of(ca);
	gnutls_datum_t data = { (unsigned char *)(uintptr_t)name->text,
		(unsigned)strlen(name->text) };
	gnutls_x509_subject_alt_name_t type = GNUTLS_SAN_DNSNAME;
	unsigned ok;

	if (all == NULL)
		return 1;
	if (name->ip_len > 0) {
		type = GNUTLS_SAN_IPADDRESS;
		data.data = (unsigned char *)(uintptr_t)name->ip;
		data.size = (unsigned)name->ip_len;
	} else if (strncmp(name->text, "*.", 2) == 0) {
		data.data += 2;
		data.size -= 2;
	}
	ok = gnutls_x509_name_constraints_check(all, type, &data);
	gnutls_x509_name_constraints_deinit(all);
	return ok != 0;
}

static int
looks_like_domain(const char *text)
{
	size_t len = strlen(text), dots = 0;

	for (size_t i = 0; i < len; i++) {
		int inside = i > 0 && i + 1 < len;

		if (inside && text[i] == '.' && isalnum((unsigned char)text[i - 1]) &&
		    isalnum((unsigned char)text[i + 1]))
			dots++;
		else if (!isalnum((unsigned char)text[i]) && text[i] != '_' &&
		    !(inside && text[i] == '-'))
			return 0;
	}
	return dots > 0;
}

int
constraint_misreads(gnutls_x509_crt_t ca, const char *common)
{
	struct name name;

	if (!looks_like_domain(common) || strlen(common) > NAME_MAX_LEN)
		return 0;
	memset(&name, 0, sizeof(name));
	(void)snprintf(name.text, sizeof(name.text), "%s", common);
	return !constraint_permits(ca, &name);
}

/* Formats one permitted name or range of addresses. */
static const char *
permitted_text(unsigned type, const gnutls_datum_t *name, char *buf, size_t size)
{
	char address[INET6_ADDRSTRLEN];
	unsigned half = name->size / 2, prefix = 0;

	if (type != GNUTLS_SAN_IPADDRESS || (half != 4 && half != 16)) {
		(void)snprintf(buf, size, "%.*s", (int)name->size, (const char *)name->data);
		return buf;
	}
	for (unsigned i = 0; i < half; i++)
		prefix += (unsigned)__builtin_popcount(name->data[half + i]);
	if (inet_ntop(half == 4 ? AF_INET : AF_INET6, name->data, address, sizeof(address)) == NULL)
		*address = '\0';
	(void)snprintf(buf, size, prefix == 8 * half ? "%s" : "%s/%u", address, prefix);
	return buf;
}

const char *
constraint_text(gnutls_x509_crt_t ca, char *buf, size_t size)
{
	gnutls_x509_name_constraints_t all = constraints_of(ca);
	gnutls_datum_t name;
	char one[NAME_TYPED_MAX + 1];
	unsigned type;
	size_t used = 0;

	*buf = '\0';
	if (all == NULL)
		return buf;
	for (unsigned i = 0;
	     used < size && gnutls_x509_name_constraints_get_permitted(all, i, &type, &name) == 0;
	     i++)
		if (name.size != sizeof(NO_DOMAIN) - 1 ||
		    memcmp(name.data, NO_DOMAIN, name.size) != 0)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
			    used == 0 ? "" : " ", permitted_text(type, &name, one, sizeof(one)));
	gnutls_x509_name_constraints_deinit(all);
	return buf;
}
