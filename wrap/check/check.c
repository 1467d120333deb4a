/*
 * --check: one line for each finding, so that a mistake is found before a client fails to connect.
 */

#include "check/check_state.h"

#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "confine/confine.h"
#include "tls/installed.h"
#include "tls/tls.h"

static void
check_linked(void)
{
	char text[512];

	for (const struct installed_inside *in = installed_list(); in->name != NULL; in++)
		if (installed_is_newer(in, text, sizeof(text)))
			check_say("warning", "%s", text);
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
check_user(struct check *c)
{
	struct failure why;
	struct confine s;

	if (confine_prepare(&s, c->o->user, c->o->group, &why) == -1)
		check_say_error(c, &why);
	else if (s.change_user)
		check_say("ok", "user: a session becomes %s (uid %lu, gid %lu)", s.user,
		    (unsigned long)s.uid, (unsigned long)s.gid);
	else
		check_say("ok", "user: a session stays uid %lu", (unsigned long)s.uid);
}

static void
check_confinement(const struct check *c)
{
	if (c->o->no_sandbox)
		check_say("warning", "sandbox: switched off by --no-sandbox");
	else
		check_say("ok", "sandbox: %s", confine_features());
	if (c->o->no_keyholder)
		check_say("warning",
		    "private key: in the process that reads the network, because of "
		    "--no-keyholder");
}

static void
check_log(const struct check *c)
{
	struct statvfs disk;

	if (c->o->log.path != NULL)
		check_directory("log", c->o->log.path, false);
	if (c->o->log.path != NULL && statvfs(c->o->log.path, &disk) == 0 && disk.f_blocks > 0 &&
	    disk.f_bavail == 0)
		check_say("warning", "log: the disk of %s is full, so messages are lost; make room",
		    c->o->log.path);
	if (c->o->log.path == NULL && access("/dev/log", W_OK) == -1)
		check_say("warning",
		    "log: there is no /dev/log, so messages to syslog are lost; use -o FILE");
}

static void
check_command_line(const struct check *c)
{
	if (c->o->ineffective[0] != '\0')
		check_say("warning", "options without effect here: -%s", c->o->ineffective);
	if (c->o->name_was_missing)
		check_say("warning", "the program's name is missing in inetd.conf; write: %s",
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
	check_confinement(&c);
	check_backend(&c);
	check_log(&c);
	check_command_line(&c);
	return c.code;
}
