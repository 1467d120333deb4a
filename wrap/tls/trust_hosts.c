/* Whether to trust a server by known hosts: it must show the same key as the first time. */

#include "tls/trust.h"

#include <stdio.h>

#include "tls/trust_state.h"

/* Compares with known hosts, like ssh with strict checking. */
static int
refuse_new_host(struct trust *t)
{
	(void)snprintf(t->reason, sizeof(t->reason),
	    "%.80s is not in %.120s, and -v 3 adds no host; if `inetls-certgen show "
	    "--pin` prints the same pin on that host, add the line: %.80s %s",
	    t->hosts.host, t->hosts.path, t->hosts.host, t->peer.pin);
	return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
}

int
trust_check_known_hosts(struct trust *t)
{
	char other[64];
	int line = 0;

	switch (known_hosts_look_up(&t->hosts, t->peer.pin, other, sizeof(other), &line)) {
	case KNOWN_HOSTS_MATCH: return 0;
	case KNOWN_HOSTS_NEW:
		if (t->c->level == TRUST_PINNED)
			return refuse_new_host(t);
		t->new_host = true;
		return 0;
	case KNOWN_HOSTS_OTHER:
		(void)snprintf(t->reason, sizeof(t->reason),
		    "%.80s has another key than before: its pin is %s, line %d of %.120s "
		    "says %s; somebody may be in the middle; if the key was changed on "
		    "purpose, delete that line",
		    t->hosts.host, t->peer.pin, line, t->hosts.path, other);
		return trust_fail(t, GNUTLS_A_BAD_CERTIFICATE, t->reason);
	default:
		(void)snprintf(t->reason, sizeof(t->reason),
		    "known hosts %.120s: not a text file of less than 1 MB; correct it, or name another "
		    "one with --known-hosts",
		    t->hosts.path);
		return trust_fail(t, GNUTLS_A_INTERNAL_ERROR, t->reason);
	}
}

int
trust_remember(struct trust *t, char *text, size_t size)
{
	char other[64];
	int line = 0;

	if (!t->new_host)
		return 0;
	switch (known_hosts_add(&t->hosts, t->peer.pin, other, sizeof(other), &line)) {
	case KNOWN_HOSTS_NEW:
		(void)snprintf(text, size,
		    "%s is seen for the first time and was trusted: %s was added to %s; "
		    "compare it with what `inetls-certgen show --pin` prints on that host",
		    t->hosts.host, t->peer.pin, t->hosts.path);
		return 1;
	case KNOWN_HOSTS_MATCH: return 0;
	case KNOWN_HOSTS_OTHER:
		(void)snprintf(text, size,
		    "%s has another key than another session has just seen: its pin is %s, "
		    "line %d of %s says %s",
		    t->hosts.host, t->peer.pin, line, t->hosts.path, other);
		return -1;
	default:
		(void)snprintf(text, size,
		    "%s cannot be written, so %s could not be remembered; make it writable, "
		    "or give --pin %s",
		    t->hosts.path, t->hosts.host, t->peer.pin);
		return -1;
	}
}
