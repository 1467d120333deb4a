/* --check: the service. */

#include "check/check_state.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "nameservice.h"
#include "protocol/protocol.h"
#include "service/backend.h"

static void
check_program(struct check *c)
{
	struct failure why;

	if (access(c->o->program, X_OK) == 0) {
		check_say("ok", "program %s: can be started", c->o->program);
		return;
	}
	failure_set(&why, EX_CONFIG, "-l %s: %s", c->o->program, strerror(errno));
	check_say_error(c, &why);
}

/* How the service answers a client that comes through this port; the protocol knows how to ask. */
static void
check_protocol(const struct check *c, const struct backend *b)
{
	struct protocol_service service = { .protocol = c->o->protocol,
		.fd = b->fd,
		.name = b->name,
		.source = b->source,
		.is_path = c->o->backend_path != NULL,
		.has_source = c->o->source != NULL };

	c->o->protocol->check(&service, check_say, deadline_after(c->o->connect_ms));
}

/* A warning if the name of a service was not found. */
static void
check_names(bool found)
{
	char others[128];

	if (*nameservice_not_asked(others, sizeof(others)) != '\0')
		check_say(found ? "ok" : "warning",
		    "host names: looked up only in /etc/hosts and DNS, not in %s "
		    "(/etc/nsswitch.conf); a build with LINK=shared uses these too",
		    others);
}

void
check_backend(struct check *c)
{
	struct failure why;
	struct backend b;
	bool found;

	if (c->o->program != NULL) {
		check_program(c);
		return;
	}
	backend_init(&b);
	found = backend_open(&b, c->o, &why) == 0;
	check_names(found);
	if (!found || backend_connect(&b, deadline_after(c->o->connect_ms), &why) == -1)
		check_say_error(c, &why);
	else
		check_say("ok", "backend %s: connects, from %s", b.name, b.source);
	if (c->o->protocol != NULL && c->o->protocol->check != NULL && !c->o->client)
		check_protocol(c, &b);
	backend_close(&b);
}
