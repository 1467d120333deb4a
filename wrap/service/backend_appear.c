/*
 * -T: gives the sockets of the service the peer's address.  A peer that cannot have it is refused:
 * it must not come from another address that PostgreSQL trusts.
 */

#include "service/backend_appear.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/address_kind.h"
#include "service/transparent.h"

/* Closes the sockets of the other family, and binds those of this one.  0, or -1 and b->unfit. */
static int
take_address(struct backend *b, const struct address *from)
{
	int family = from->sa.ss_family;
	char text[ADDRESS_TEXT];

	b->from = *from;
	for (int i = 0; i < b->addresses.n; i++) {
		if (b->sockets[i] == -1)
			continue;
		if (b->addresses.at[i].sa.ss_family != family) {
			(void)close(b->sockets[i]);
			b->sockets[i] = -1;
		} else if (transparent_bind(b->sockets[i], from) == -1) {
			address_format(from, text);
			return failure_set(
			    &b->unfit, EX_OSERR, "-T: bind to %s: %s", text, strerror(errno));
		}
	}
	return 0;
}

void
backend_appear_as(struct backend *b, const struct options *o, const struct address *peer)
{
	struct address from;
	const char *no = transparent_refuses(peer);
	int r;

	address_unmap(peer, &from);
	if (no == NULL && !backend_has_family(b, from.sa.ss_family))
		no = from.sa.ss_family == AF_INET ?
		    "-T: the peer has an IPv4 address, and -r has none; write -r localhost:PORT" :
		    "-T: the peer has an IPv6 address, and -r has none; write -r localhost:PORT";
	if (no == NULL)
		r = take_address(b, &from);
	else if (o->transparent == TRANSPARENT_TRY)
		r = take_address(b, &o->source_address);
	else
		r = failure_set(&b->unfit, EX_OK, "%s", no);
	/* A session that is taken over must not be able to bind them otherwise. */
	if (r == -1)
		backend_close(b);
}
