/* --check: key and certificates, and the other options for TLS. */

#include "check/check_state.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "confine/confine.h"
#include "key/keyholder_service.h"
#include "key/signer.h"
#include "key/signer_token.h"
#include "session/session.h"
#include "tls/revocation.h"
#include "tls/ticket.h"
#include "tls/tls.h"

#define WARN_LIST_DAYS 7 /* a timer makes a new list, often each month */
#define TOKEN_TEXT 512
#define WARN_DAYS 30 /* the default of inetls-certgen renew --before */

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
		check_say("warning",
		    "certificate: %ld days left; renew it: inetls-certgen renew %s", f->days, pem);
	else
		check_say("ok", "certificate: %ld days left", f->days);
	if (why.code != EX_OK)
		check_say_error(c, &why);
}

static void
check_certificates(struct check *c, const struct signer *signer)
{
	struct signer_facts f;
	struct failure why;

	if (signer_look(signer, &f, &why) == -1) {
		check_say_error(c, &why);
		return;
	}
	if (f.names[0] != '\0')
		check_say("ok", "names: %s", f.names);
	else if (!c->o->client && f.common[0] != '\0')
		check_say("warning",
		    "names: only the common name '%s', which psql accepts, but Java, Go and "
		    "Python do not; make a new key and certificate: inetls-certgen --force "
		    "%s NAME...",
		    f.common, c->o->pem);
	else if (!c->o->client)
		check_say("warning",
		    "names: none, so clients that verify the name cannot connect; make a new "
		    "key and certificate: inetls-certgen --force %s NAME...",
		    c->o->pem);
	check_dates(c, &f);
	if (!f.ordered)
		check_say("warning",
		    "chain: %u certificates, but not each is followed by its issuer; is one "
		    "missing, or one too many?",
		    f.n);
	else if (f.n > 1)
		check_say("ok", "chain: %u certificates, each followed by its issuer", f.n);
}

/*
 * Has a keyholder open the token, confine itself and sign: as the user, and with the rights, that a
 * session's would have.  It comes before this process opens the token, which may not fork then.
 */
static int
try_keyholder(const struct check *c, struct failure *why)
{
	struct confine user;
	struct keyholder_service trial;
	int r;

	if (confine_prepare(&user, c->o->user, c->o->group, why) == -1)
		return -1;
	user.off = c->o->no_sandbox;
	if (keyholder_service_start(&trial, c->o->pem, SIGNABLE_BOTH, &user, why) == -1)
		return -1;
	while ((r = keyholder_service_hear(&trial, keyholder_service_deadline(), why)) == 1)
		continue;
	keyholder_service_kill(&trial);
	return r;
}

static void
say_pem(const struct check *c, const struct signer *signer)
{
	char text[TOKEN_TEXT];

	if (signer->token == NULL) {
		check_say(
		    "ok", "PEM %s: private to its owner, key and certificate match", c->o->pem);
		return;
	}
	signer_token_text(signer, text, sizeof(text));
	check_say("ok", "token: %s", text);
}

void
check_pem(struct check *c)
{
	char warning[400];
	struct signer signer = { .path = NULL };
	struct failure why;

	if ((signer_is_token(c->o->pem) && try_keyholder(c, &why) == -1) ||
	    signer_open(&signer, c->o->pem, SIGNABLE_BOTH, &why) == -1 ||
	    signer_match(&signer, &why) == -1)
		check_say_error(c, &why);
	else {
		say_pem(c, &signer);
		if (signer_warning(&signer, warning, sizeof(warning)))
			check_say("warning", "%s: %s", c->o->pem, warning);
		check_directory("PEM", c->o->pem, true);
		check_certificates(c, &signer);
	}
	signer_close(&signer);
}

/* Loads -C and the files of -A, -a, --crl and known hosts, as a session would. */
void
check_tls(struct check *c)
{
	struct failure why;
	int r = tls_init(&why) == -1 ? -1 : session_try_tls(c->o, &why);

	if (r == 1)
		check_say("warning", "%s", why.text);
	if (r == -1)
		check_say_error(c, &why);
	else
		check_say("ok", "TLS: GnuTLS %s accepts the options", tls_library_version());
}

/* An outdated list makes the session refuse every peer. */
void
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
		check_say_error(c, &why);
	} else if (days < WARN_LIST_DAYS)
		check_say("warning",
		    "--crl %s: the list %s has %ld days left; make a new one: inetls-certgen crl "
		    "--ca DIR",
		    c->o->trust.crl, text, days);
	else
		check_say("ok", "--crl %s: %ld days left", c->o->trust.crl, days);
	revocation_free(r);
}

/* Whether the file can be made, and its directory too where that is missing. */
static bool
can_be_made(const char *path)
{
	char copy[TICKET_PATH_MAX + 1];
	char *directory = copy;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	for (int levels = 0; levels < 2; levels++) {
		directory = dirname(directory);
		if (access(directory, W_OK) == 0)
			return true;
		if (errno != ENOENT)
			return false;
	}
	return false;
}

/* Tries the file of --tickets as a session would, but does not make it. */
void
check_tickets(const struct check *c)
{
	const char *path = c->o->tickets;
	struct stat st;
	/* A link and a path that is too long are refused, whether there is a file or not. */
	bool missing = strlen(path) <= TICKET_PATH_MAX && lstat(path, &st) == -1 && errno == ENOENT;
	unsigned char key[TICKET_KEY];
	struct failure why;

	if (missing && can_be_made(path))
		check_say("ok", "tickets %s: the first session will create it", path);
	else if (missing)
		check_say("warning",
		    "tickets %s: its directory does not exist, or we cannot write to it", path);
	else if (ticket_key(path, "", key, &why) == -1)
		check_say("warning", "%s; going on without tickets", why.text);
	else
		check_say("ok", "tickets %s: can be used", path);
	explicit_bzero(key, sizeof(key));
}
