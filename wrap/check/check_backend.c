/* --check: the service. */

#include "check/check_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "confine/confine.h"
#include "nameservice.h"
#include "protocol/protocols.h"
#include "service/backend.h"
#include "service/backend_appear.h"

/* Asks in a process that becomes the session's user: 0, or errno if that user may not start it. */
static int
ask_as_user(const struct check *c)
{
	struct confine user;
	struct failure why;
	int status = 0;
	pid_t pid;

	if (confine_prepare(&user, c->o->user, c->o->group, &why) == -1)
		return 0; /* check_user says so */
	if ((pid = fork()) == 0) {
		if (confine_become(&user, &why) == 0 && access(c->o->program, X_OK) == -1)
			_exit(errno);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) == -1 || !WIFEXITED(status))
		return 0;
	return WEXITSTATUS(status);
}

static void
check_program(struct check *c)
{
	struct failure why;
	int error = access(c->o->program, X_OK) == -1 ? errno : 0;

	if (error != 0)
		failure_set(&why, EX_CONFIG, "-l %s: %s", c->o->program, strerror(error));
	else if ((error = ask_as_user(c)) != 0)
		failure_set(&why, EX_CONFIG, "-l %s: the session's user may not start it: %s",
		    c->o->program, strerror(error));
	if (error != 0)
		check_say_error(c, &why);
	else
		check_say("ok", "program %s: can be started", c->o->program);
}

/*
 * How the service answers a client that comes through this port; the protocol knows how to ask.
 * With -T nothing is asked by our own address, since no client has that.
 */
static void
check_protocol(const struct check *c, const struct backend *b, const struct address *peer)
{
	char host[64], port[8];
	struct address self;
	struct protocol_service service = { .protocol = c->o->protocol,
		.fd = b->fd,
		.name = b->name,
		.source = peer != NULL && peer->len > 0 ? "all addresses" : host,
		.is_path = c->o->backend_path != NULL,
		.has_source = c->o->source != NULL || c->o->transparent != OPAQUE };

	if (c->o->protocol == NULL || c->o->protocol->check == NULL || c->o->client)
		return;
	address_get_self(b->fd, &self);
	address_words(&self, host, port);
	if (peer != NULL || c->o->transparent == OPAQUE)
		c->o->protocol->check(&service, check_say, deadline_after(c->o->connect_ms));
}

/* A warning if -n is missing where the service's port is one whose clients usually need it. */
static void
check_port(const struct check *c)
{
	const struct protocol *usual = protocols_by_port(c->o->backend.port);

	if (usual != NULL && c->o->protocol == NULL && !c->o->client && c->o->backend_path == NULL)
		check_say("warning",
		    "-n: clients of port %s usually need -n %s; without it only those are "
		    "served that begin with TLS, such as stunnel's and -c's",
		    c->o->backend.port, usual->name);
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

/*
 * -T: each family that a client can come by.  *peer becomes the address that the service is asked
 * from.
 */
static void
check_families(struct check *c, const struct backend *b, struct address *peer)
{
	static const int families[] = { AF_INET, AF_INET6 };

	for (int i = 0; i < 2; i++)
		if (backend_has_family(b, families[i]) && check_transparent(c, families[i]) &&
		    peer->len == 0)
			check_somebody(families[i], peer);
}

/* Connects and asks: as for this peer, or from our own address for NULL. */
static void
check_service(struct check *c, struct backend *b, const struct address *peer)
{
	struct failure why;

	if (peer != NULL)
		backend_appear_as(b, c->o, peer);
	if (backend_connect(b, deadline_after(c->o->connect_ms), &why) == -1)
		check_say_error(c, &why);
	else if (c->o->backend_path != NULL)
		check_say("ok", "backend %s: connects", b->name);
	else
		check_say("ok", "backend %s: connects, from %s", b->name, b->source);
	check_protocol(c, b, peer);
	backend_close(b);
}

void
check_backend(struct check *c)
{
	struct address peer = { .len = 0 };
	struct failure why;
	struct backend b;
	bool found;

	if (c->o->program != NULL) {
		check_program(c);
		return;
	}
	check_port(c);
	backend_init(&b);
	found = backend_open(&b, c->o, &why) == 0;
	check_names(found);
	if (!found) {
		check_say_error(c, &why);
		check_protocol(c, &b, NULL);
		backend_close(&b);
		return;
	}
	if (c->o->transparent != OPAQUE)
		check_families(c, &b, &peer);
	check_service(c, &b, peer.len > 0 ? &peer : NULL);
	if (c->o->transparent != TRANSPARENT_TRY)
		return;
	/* A peer of no address: the service sees -I. */
	peer = (struct address){ .len = 0 };
	backend_init(&b);
	if (backend_open(&b, c->o, &why) == 0)
		check_service(c, &b, &peer);
	else {
		check_say_error(c, &why);
		backend_close(&b);
	}
}
