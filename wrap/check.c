/* --check: one line for each finding, so that nobody has to find out by a client that cannot connect. */

#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "backend.h"
#include "deadline.h"
#include "file.h"
#include "sandbox.h"
#include "tls.h"

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

int
check_pem(const struct options *o, struct failure *why)
{
	struct tls_config config = { .pem_path = o->pem, .priority = o->priority };
	char *pem;
	int r;

	if (file_read_private(o->pem, FILE_PEM_MAX, &pem, &config.pem_len, why) == -1)
		return -1;
	config.pem = pem;
	r = tls_init(why);
	if (r == 0)
		r = tls_check_pem(&config, why);
	file_wipe(pem, config.pem_len);
	return r;
}

static void
check_backend(struct check *c)
{
	struct failure why;
	struct backend b;

	backend_init(&b);
	if (backend_open(&b, c->o, &why) == -1 || backend_connect(&b, deadline_after(c->o->connect_ms), &why) == -1)
		say_error(c, &why);
	else
		say("ok", "backend %s: connects, from %s", b.name, b.source);
	backend_close(&b);
}

static void
check_user(struct check *c)
{
	struct failure why;
	struct sandbox s;

	if (sandbox_prepare(&s, c->o->user, c->o->group, &why) == -1)
		say_error(c, &why);
	else if (s.change_user)
		say("ok", "user: a session becomes %s (uid %lu, gid %lu)", s.user, (unsigned long)s.uid,
		    (unsigned long)s.gid);
	else
		say("ok", "user: a session stays uid %lu", (unsigned long)s.uid);
}

static void
check_log(const struct check *c)
{
	if (c->o->log.path == NULL && access("/dev/log", W_OK) == -1)
		say("warning", "log: there is no /dev/log, so what a session says to syslog is lost; use -o FILE");
}

static void
check_hazards(const struct check *c)
{
	if (c->o->pgsql && c->o->source == NULL && c->o->backend_path == NULL)
		say("warning", "pg_hba.conf: every client of this port looks local to PostgreSQL; never \"trust\" "
		    "127.0.0.1, or tell them apart with -I 127.0.0.77");
	if (c->o->pgsql && c->o->backend_path != NULL)
		say("warning", "pg_hba.conf: every client of this port looks local to PostgreSQL; never \"trust\" in a "
		    "local line, and never run the wrapper as postgres where it says \"peer\"");
	if (c->o->ineffective[0] != '\0')
		say("warning", "options without effect here: -%s", c->o->ineffective);
	if (c->o->name_was_missing)
		say("warning", "the program's name is missing in inetd.conf; write: %s", c->o->mended_line);
}

int
check_run(const struct options *o)
{
	struct check c = { .o = o, .code = EX_OK };
	struct failure why;

	if (check_pem(o, &why) == -1)
		say_error(&c, &why);
	else
		say("ok", "PEM %s: private to its owner, key and certificate match", o->pem);
	check_user(&c);
	check_backend(&c);
	check_log(&c);
	check_hazards(&c);
	return c.code;
}
