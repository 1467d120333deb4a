/*
 * --check: one line for each finding, so that a mistake is found before a client fails to connect.
 */

#include "check/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "service/backend.h"
#include "base/deadline.h"
#include "tls/installed.h"
#include "key/keyholder.h"
#include "nameservice.h"
#include "tls/revocation.h"
#include "confine/confine.h"
#include "session/session.h"
#include "key/signer.h"
#include "tls/ticket.h"
#include "tls/tls.h"

#define WARN_LIST_DAYS 7 /* a timer makes a new list, often each month */
#define WARN_DAYS 30     /* the default of inetls-certgen renew --before */

struct check {
	const struct options *o;
	int code; /* of the first error */
};

static void say(const char *kind, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(const char *kind, const char *fmt, ...)
{
	va_list ap;

	(void)printf("%-8s", kind);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)putchar('\n');
}

static void
say_error(struct check *c, const struct failure *why)
{
	say("error", "%s", why->text);
	if (c->code == EX_OK)
		c->code = why->code;
}

static void
check_dates(struct check *c, const struct signer_facts *f)
{
	const char *pem = c->o->pem;
	struct failure why = { .code = EX_OK };

	if (f->expired)
		failure_set(&why, EX_CONFIG,
		    "%s: a certificate in it has expired; renew it: inetls-certgen renew %s", pem,
		    pem);
	else if (f->early)
		failure_set(&why, EX_CONFIG,
		    "%s: a certificate in it is not valid yet; is this machine's clock right?",
		    pem);
	else if (f->days < WARN_DAYS)
		say("warning", "certificate: %ld days left; renew it: inetls-certgen renew %s",
		    f->days, pem);
	else
		say("ok", "certificate: %ld days left", f->days);
	if (why.code != EX_OK)
		say_error(c, &why);
}

static void
check_certificates(struct check *c, const struct signer *signer)
{
	struct signer_facts f;
	struct failure why;

	if (signer_look(signer, &f, &why) == -1) {
		say_error(c, &why);
		return;
	}
	if (f.names[0] != '\0')
		say("ok", "names: %s", f.names);
	else if (!c->o->client && f.common[0] != '\0')
		say("warning",
		    "names: none but the common name '%s', which psql takes, and Java, Go and Python do "
		    "not; a new pair: inetls-certgen --force %s NAME...",
		    f.common, c->o->pem);
	else if (!c->o->client)
		say("warning",
		    "names: none, so no client that compares them connects; a new pair: "
		    "inetls-certgen --force %s NAME...",
		    c->o->pem);
	check_dates(c, &f);
	if (!f.ordered)
		say("warning",
		    "chain: %u certificates, not each followed by the one that issued it; is one missing, "
		    "or a foreign one there?",
		    f.n);
	else if (f.n > 1)
		say("ok", "chain: %u certificates, each followed by the one that issued it", f.n);
}

static void
check_pem(struct check *c)
{
	const char *warning;
	struct signer signer;
	struct failure why;

	if (signer_open(&signer, c->o->pem, SIGNABLE_BOTH, &why) == -1 ||
	    signer_match(&signer, &why) == -1)
		say_error(c, &why);
	else {
		say("ok", "PEM %s: private to its owner, key and certificate match", c->o->pem);
		if ((warning = signer_warning(&signer)) != NULL)
			say("warning", "%s: %s", c->o->pem, warning);
		check_certificates(c, &signer);
	}
	signer_close(&signer);
}

/* Loads -C and the files of -A, -a, --crl and known hosts, as a session would. */
static void
check_tls(struct check *c)
{
	struct failure why;

	if (tls_init(&why) == -1 || session_try_tls(c->o, &why) == -1)
		say_error(c, &why);
	else
		say("ok", "TLS: GnuTLS %s takes the options", tls_library_version());
}

/* An outdated list makes the session refuse every peer. */
static void
check_revocation(struct check *c)
{
	struct failure why;
	struct revocation *r = revocation_load(c->o->trust.crl, &why);
	char text[256];
	long days;

	if (r == NULL)
		return; /* check_tls has reported it */
	if (revocation_first_end(r, &days, text, sizeof(text))) {
		failure_set(&why, EX_CONFIG,
		    "--crl %s: the list %s; make a new one: inetls-certgen crl --ca DIR",
		    c->o->trust.crl, text);
		say_error(c, &why);
	} else if (days < WARN_LIST_DAYS)
		say("warning",
		    "--crl %s: the list %s has %ld days left; make a new one: inetls-certgen crl "
		    "--ca DIR",
		    c->o->trust.crl, text, days);
	else
		say("ok", "--crl %s: %ld days left", c->o->trust.crl, days);
	revocation_free(r);
}

/* Whether the file can be made, and its directory too where that is missing. */
static bool
can_be_made(const char *path)
{
	char directory[512];
	char *end;

	(void)snprintf(directory, sizeof(directory), "%s", path);
	for (int levels = 0; levels < 2 && (end = strrchr(directory, '/')) != NULL; levels++) {
		end[end == directory] = '\0';
		if (access(directory, W_OK) == 0)
			return true;
		if (errno != ENOENT)
			return false;
	}
	return false;
}

/* Tries the file of --tickets as a session would, but does not make it. */
static void
check_tickets(const struct check *c)
{
	const char *path = c->o->tickets;
	bool missing = access(path, F_OK) == -1 && errno == ENOENT;
	unsigned char key[TICKET_KEY];
	struct failure why;

	if (missing && can_be_made(path))
		say("ok", "tickets %s: the first session makes it", path);
	else if (missing)
		say("warning", "tickets %s: its directory is not there, or not to be written by us",
		    path);
	else if (ticket_key(path, "", key, &why) == -1)
		say("warning", "%s; going on without tickets", why.text);
	else
		say("ok", "tickets %s: can be used", path);
	explicit_bzero(key, sizeof(key));
}

static void
check_linked(void)
{
	char text[512];

	for (const struct installed_inside *in = installed_list(); in->name != NULL; in++)
		if (installed_is_newer(in, text, sizeof(text)))
			say("warning", "%s", text);
}

void
check_print_version(void)
{
	(void)printf(
	    "inetls-wrap %s, GnuTLS %s (%s)\n", INETLS_VERSION, tls_library_version(), INETLS_LINK);
	for (const struct installed_inside *in = installed_list(); in->name != NULL; in++)
		(void)printf("%s%s%s%s", in == installed_list() ? "inside: " : ", ", in->name,
		    in->version[0] != '\0' ? " " : "", in->version);
	if (installed_list()->name != NULL)
		(void)putchar('\n');
	check_linked();
}

static void
check_program(struct check *c)
{
	struct failure why;

	if (access(c->o->program, X_OK) == 0) {
		say("ok", "program %s: can be started", c->o->program);
		return;
	}
	failure_set(&why, EX_CONFIG, "-l %s: %s", c->o->program, strerror(errno));
	say_error(c, &why);
}

/* How the service answers a client that comes through this port; the protocol knows how to ask. */
static void
check_protocol(const struct check *c, const struct backend *b)
{
	struct protocol_service service = { .fd = b->fd,
		.name = b->name,
		.source = b->source,
		.is_path = c->o->backend_path != NULL,
		.has_source = c->o->source != NULL };

	c->o->protocol->check(&service, say, deadline_after(c->o->connect_ms));
}

/* A warning if the name of a service was not found. */
static void
check_names(bool found)
{
	char others[128];

	if (*nameservice_not_asked(others, sizeof(others)) != '\0')
		say(found ? "ok" : "warning",
		    "names of hosts: from /etc/hosts and DNS alone, not from %s, which "
		    "/etc/nsswitch.conf has; LINK=shared asks these too",
		    others);
}

static void
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
		say_error(c, &why);
	else
		say("ok", "backend %s: connects, from %s", b.name, b.source);
	if (c->o->protocol != NULL && c->o->protocol->check != NULL && !c->o->client)
		check_protocol(c, &b);
	backend_close(&b);
}

static void
check_user(struct check *c)
{
	struct failure why;
	struct confine s;

	if (confine_prepare(&s, c->o->user, c->o->group, &why) == -1)
		say_error(c, &why);
	else if (s.change_user)
		say("ok", "user: a session becomes %s (uid %lu, gid %lu)", s.user,
		    (unsigned long)s.uid, (unsigned long)s.gid);
	else
		say("ok", "user: a session stays uid %lu", (unsigned long)s.uid);
}

static void
check_sandbox(const struct check *c)
{
	if (c->o->no_sandbox)
		say("warning", "sandbox: switched off by --no-sandbox");
	else
		say("ok", "sandbox: %s", confine_features());
	if (c->o->no_keyholder)
		say("warning",
		    "private key: in the process that reads the network, by --no-keyholder");
}

static void
check_log(const struct check *c)
{
	if (c->o->log.path == NULL && access("/dev/log", W_OK) == -1)
		say("warning",
		    "log: there is no /dev/log, so what a session says to syslog is lost; use -o FILE");
}

static void
check_hazards(const struct check *c)
{
	if (c->o->ineffective[0] != '\0')
		say("warning", "options without effect here: -%s", c->o->ineffective);
	if (c->o->name_was_missing)
		say("warning", "the program's name is missing in inetd.conf; write: %s",
		    c->o->mended_line);
}

int
check_run(const struct options *o)
{
	struct check c = { .o = o, .code = EX_OK };

	if (o->pem != NULL)
		check_pem(&c);
	check_tls(&c);
	if (o->trust.crl != NULL)
		check_revocation(&c);
	if (o->tickets != NULL)
		check_tickets(&c);
	check_linked();
	check_user(&c);
	check_sandbox(&c);
	check_backend(&c);
	check_log(&c);
	check_hazards(&c);
	return c.code;
}
