/* Whether to trust a client by the names in its certificate: --peer-name. */

#include "tls/trust.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tls/trust_state.h"

void
trust_list_names(gnutls_x509_crt_t crt, char *out, size_t size)
{
	char name[256], ip[INET6_ADDRSTRLEN];
	const char *text;
	size_t used = 0, len;
	int r;

	out[0] = '\0';
	for (unsigned i = 0; used < size; i++) {
		len = sizeof(name) - 1;
		if ((r = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL)) < 0)
			break;
		name[len] = '\0';
		text = r == GNUTLS_SAN_DNSNAME || r == GNUTLS_SAN_RFC822NAME ?
		    name :
		    r == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16) ?
		    inet_ntop(len == 4 ? AF_INET : AF_INET6, name, ip, sizeof(ip)) :
		    NULL;
		if (text != NULL)
			used += (size_t)snprintf(
			    out + used, size - used, "%s%s", used > 0 ? ", " : "", text);
	}
	len = sizeof(name);
	if (out[0] == '\0' &&
	    gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) == 0)
		(void)snprintf(out, size, "%.*s", (int)size - 1, name);
}

static bool
name_matches(const char *wanted, const char *name)
{
	const char *dot;

	if (strncmp(wanted, "*.", 2) != 0)
		return strcasecmp(wanted, name) == 0;
	dot = strchr(name, '.');
	return dot != NULL && dot != name && strcasecmp(wanted + 1, dot) == 0;
}

static bool
is_named(const struct trust *t, const char *name)
{
	for (int i = 0; i < t->c->n_names; i++)
		if (name_matches(t->c->names[i], name))
			return true;
	return false;
}

/*
 * Whether one of the allowed names is the certificate's common name, or one of its DNS names or
 * mail addresses.
 */
int
trust_check_names(struct trust *t, gnutls_x509_crt_t crt)
{
	char name[256], names[200];
	size_t len = sizeof(name);
	int r;

	if (t->c->n_names == 0)
		return 0;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &len) ==
		0 &&
	    strlen(name) == len && is_named(t, name))
		return 0;
	for (unsigned i = 0;; i++) {
		len = sizeof(name) - 1;
		if ((r = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &len, NULL)) < 0)
			break;
		name[len] = '\0';
		if ((r == GNUTLS_SAN_DNSNAME || r == GNUTLS_SAN_RFC822NAME) &&
		    strlen(name) == len && is_named(t, name))
			return 0;
	}
	trust_list_names(crt, names, sizeof(names));
	(void)snprintf(t->reason, sizeof(t->reason),
	    "peer's certificate is for %s, which no --peer-name allows", names);
	return trust_fail(t, GNUTLS_A_ACCESS_DENIED, t->reason);
}
