/*
 * A session's steps until it is confined: opens everything that needs a path or a privilege, and
 * reads nothing from the peer.
 */

#include "session/session_steps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "session/session.h"

int
session_find_user(struct session *s)
{
	if (s->start != NULL)
		return 0; /* the listener has looked up the user */
	if (confine_prepare(&s->confine, s->o->user, s->o->group, &s->why) == -1)
		return session_finish(s, "config", NULL);
	s->confine.off = s->o->no_sandbox;
	s->confine.capable = s->o->transparent != OPAQUE;
	return 0;
}

/*
 * Forks the keyholder while this process is as small as possible; a listener's session uses a
 * channel to the listener's keyholder.
 */
int
session_start_keyholder(struct session *s)
{
	enum signable_role role = s->o->client ? SIGNABLE_CLIENT : SIGNABLE_SERVER;
	/* Not with tickets: a resumed session needs no chain. */
	bool ahead = !s->o->client && s->o->tickets == NULL;
	int r = 0;

	if (s->o->pem == NULL)
		return 0; /* a client that shows no certificate */
	if (s->o->no_keyholder)
		r = keyholder_none(&s->keys, s->o->pem, role);
	else if (s->start != NULL) {
		keyholder_adopt(&s->keys, s->start->channel);
		if (ahead)
			keyholder_ask_ahead(&s->keys);
	} else
		r = keyholder_start(&s->keys, s->o->pem, role, &s->confine, ahead);
	s->keys.path = s->o->pem;
	if (r == 0)
		return 0;
	s->why = s->keys.why;
	return session_finish(s, "config", NULL);
}

int
session_open_backend(struct session *s)
{
	const struct protocol *p = s->o->protocol;

	if (p != NULL && p->says_host)
		(void)gethostname(s->talk.host, sizeof(s->talk.host) - 1);
	if (s->o->program != NULL) {
		s->program.others[0] = s->keys.fd;
		s->program.others[1] = s->start != NULL ? s->start->control : -1;
		if (program_prepare(
			&s->program, s->o->program, s->o->program_argv, &s->confine, &s->why) == -1)
			return session_finish(s, "config", NULL);
		return 0;
	}
	return backend_open(&s->backend, s->o, &s->why) == 0 ? 0 :
							       session_finish(s, "config", NULL);
}

/*
 * The ticket key of this service and policy, so that another service's ticket does not resume
 * here.  If the file cannot be used, sessions go on without tickets.
 */
static const unsigned char *
find_ticket_key(const struct session *s, unsigned char key[TICKET_KEY])
{
	const struct protocol *p = s->o->protocol;
	char label[sizeof(s->o->service) + 32];
	struct failure why;

	if (s->o->tickets == NULL)
		return NULL;
	(void)snprintf(label, sizeof(label), "%s%s%s -v %d", s->o->service, p != NULL ? " -n " : "",
	    p != NULL ? p->name : "", s->o->trust.level);
	if (ticket_key(s->o->tickets, label, key, &why) == 0)
		return key;
	log_line(LEVEL_WARNING, "%s; going on without tickets", why.text);
	return NULL;
}

/* The server and all rules of trust as text, which the caller frees; NULL without memory. */
static char *
describe_trust(const struct options *o)
{
	const struct trust_config *c = &o->trust;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return NULL;
	(void)fprintf(out, "%s %s %d %s %s %s", c->host, c->port, c->level,
	    c->ca_file != NULL ? c->ca_file : "-", c->ca_dir != NULL ? c->ca_dir : "-",
	    o->pem != NULL ? o->pem : "-");
	for (int i = 0; i < c->n_pins; i++)
		(void)fprintf(out, " %s", c->pins[i]);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* The session that a client may resume: with the same server, and under the same rules of trust. */
static const struct ticket_session *
find_last_session(struct session *s)
{
	struct failure why;
	char *policy;
	int r;

	if (s->o->session == NULL)
		return NULL;
	policy = describe_trust(s->o);
	r = policy != NULL ? ticket_session_open(&s->last, s->o->session, policy, &why) :
			     failure_set(&why, EX_OSERR, "--session: %s", strerror(errno));
	free(policy);
	if (r == 0)
		return &s->last;
	log_line(LEVEL_WARNING, "%s; going on without", why.text);
	return NULL;
}

/*
 * Makes TLS as the options say; the caller has set the rest of *c.  Reads CA certificates and known
 * hosts into c->trust.
 */
static struct tls *
make_tls(const struct options *o, struct tls_config *c, struct failure *why)
{
	const struct protocol *p = o->protocol;

	c->priority = o->priority;
	c->signs = o->pem != NULL;
	c->sni = o->trust.host;
	c->bare_end = o->bare_end;
	c->alpn = p != NULL ? p->alpn : NULL;
	c->in_clear = p != NULL;
	c->alpn_missing = p != NULL ? p->alpn_missing : NULL;
	if ((o->client || o->trust.level != TRUST_UNSET) &&
	    (c->trust = trust_load(&o->trust, why)) == NULL)
		return NULL;
	return o->client ? tls_client(c, why) : tls_server(c, STDIN_FILENO, STDOUT_FILENO, why);
}

int
session_try_tls(const struct options *o, struct failure *why)
{
	struct tls_config c = { .trust = NULL };
	struct tls *tls = make_tls(o, &c, why);
	int r = tls == NULL ? -1 : trust_warning(c.trust, why);

	tls_free(tls);
	trust_free(c.trust);
	return r;
}

int
session_start_tls(struct session *s)
{
	struct tls_config c = { .keys = s->o->pem != NULL ? &s->keys : NULL };
	unsigned char key[TICKET_KEY];
	struct failure warning;

	if (tls_init(&s->why) == -1)
		return session_finish(s, "config", NULL);
	c.ticket_key = find_ticket_key(s, key);
	c.resume = find_last_session(s);
	s->tls = make_tls(s->o, &c, &s->why);
	s->trust = c.trust;
	explicit_bzero(key, sizeof(key));
	ticket_session_wipe(&s->last); /* GnuTLS has taken a copy */
	if (s->tls == NULL)
		return session_finish(s, "config", NULL);
	if (s->start == NULL && trust_warning(s->trust, &warning))
		log_line(
		    LEVEL_WARNING, "%s", warning.text); /* a listener has said it at its start */
	if (s->waits && s->keys.ahead)
		tls_load_key(s->tls);
	return 0;
}

/* Whether stdout is a file that a client's session, or its log, may make larger. */
static bool
writes_file(void)
{
	struct stat st;

	return log_is_file() || (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode));
}

/* The highest descriptor that the session needs. */
static int
highest_fd(const struct session *s)
{
	const int single[] = { s->keys.fd, s->last.fd, s->program.control,
		s->trust != NULL ? trust_fd(s->trust) : -1, s->waits ? s->start->control : -1 };
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (single[i] > highest)
			highest = single[i];
	for (int i = 0; i < s->backend.addresses.n; i++)
		if (s->backend.sockets[i] > highest)
			highest = s->backend.sockets[i];
	return highest;
}

int
session_confine(struct session *s)
{
	char root[ADDRESS_TEXT];
	uint16_t ports[ADDRESS_MAX];
	struct confine_kept d = { .root = root,
		.connectable = s->backend.sockets,
		.ports = ports,
		.n = s->backend.addresses.n,
		.highest_fd = highest_fd(s),
		.binds = s->o->transparent != OPAQUE,
		.accepts = s->waits,
		.writes_file = writes_file() };

	for (int i = 0; i < d.n; i++)
		ports[i] = address_port(&s->backend.addresses.at[i]);
	d.keeps_record = s->last.fd != -1 || (s->trust != NULL && trust_fd(s->trust) != -1);
	backend_root(&s->backend, root, sizeof(root));
	if (confine_session(&s->confine, &d, &s->why) == -1)
		return session_finish(s, "config", NULL);
	if (s->confine.change_user)
		backend_entered_root(&s->backend);
	s->confined = true;
	return 0;
}
