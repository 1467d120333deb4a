/* What decides about a peer, and what was decided. */

#include "tls/trust_state.h"

#include <stdio.h>

#include "tls/trust.h"

bool
trust_wants_chain(const struct trust *t)
{
	return t->c->ca_file != NULL || t->c->ca_dir != NULL;
}

/* Without CA and pin, a client compares with what it saw the first time. */
bool
trust_wants_known_hosts(const struct trust *t)
{
	return t->c->client && t->c->level != TRUST_IGNORE && !trust_wants_chain(t) &&
	    t->c->n_pins == 0;
}

int
trust_fail(struct trust *t, int alert, const char *reason)
{
	if (reason != t->reason)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", reason);
	t->alert = alert;
	return GNUTLS_E_CERTIFICATE_ERROR;
}

const char *
trust_reason(const struct trust *t)
{
	return t->reason;
}

int
trust_alert(const struct trust *t)
{
	return t->alert;
}

const struct trust_peer *
trust_peer(const struct trust *t)
{
	return &t->peer;
}

int
trust_fd(const struct trust *t)
{
	return t->hosts.fd;
}
