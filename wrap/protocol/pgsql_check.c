/* For --check: sends one StartupMessage and reads the beginning of the answer. */

#include "protocol/pgsql_check.h"

#include <string.h>

#include "protocol/clear.h"

#define ANSWER 9        /* the kind of a message, its length, and for an Authentication its code */
#define ERROR_TEXT 1024 /* PostgreSQL's refusals are shorter */

enum welcome {
	NO_ANSWER,  /* no answer, or not PostgreSQL's */
	TRUSTS,     /* lets us in without a proof */
	ASKS,       /* asks for a password or another proof */
	DECLINES,   /* an error */
	LOCAL_ONLY, /* by peer or ident, as which no client of a port can log in */
};

static bool
has_field(const char *text, size_t len, const char *field, size_t size)
{
	return memmem(text, len, field, size) != NULL;
}

/*
 * What an ErrorResponse means, whose head was read.  The message may be in any language; the code
 * and PostgreSQL's own function are not.  A reject line has the same code, and another function.
 */
static enum welcome
read_error(int fd, const char head[ANSWER], int64_t deadline)
{
	static const char code[] = "\0C28000", function[] = "\0Rauth_failed";
	char text[ERROR_TEXT];
	size_t len = (size_t)(unsigned char)head[3] << 8 | (unsigned char)head[4], have = 0;

	if (head[1] != 0 || head[2] != 0 || len <= ANSWER - 1 ||
	    len - (ANSWER - 1) > sizeof(text) ||
	    clear_read_exactly(fd, text, len - (ANSWER - 1), &have, deadline) != CLEAR_DONE)
		return DECLINES;
	return has_field(text, have, code, sizeof(code)) &&
		has_field(text, have, function, sizeof(function)) ?
	    LOCAL_ONLY :
	    DECLINES;
}

/* Asks to log in as the user postgres, and reads the head of the answer. */
static enum welcome
probe(int fd, int64_t deadline)
{
	/* The length, protocol 3.0, then pairs of strings, then an empty string. */
	static const char startup[] = "\0\0\0\51"
				      "\0\3\0\0"
				      "user\0postgres\0"
				      "database\0postgres\0";
	static const char come_in[] = { 0, 0, 0, 8, 0, 0, 0, 0 };
	char answer[ANSWER];

	if (clear_write_all(fd, startup, sizeof(startup), deadline) != CLEAR_DONE ||
	    clear_read_exactly(fd, answer, sizeof(answer), NULL, deadline) != CLEAR_DONE)
		return NO_ANSWER;
	if (answer[0] == 'E')
		return read_error(fd, answer, deadline);
	if (answer[0] != 'R')
		return NO_ANSWER;
	return memcmp(answer + 1, come_in, sizeof(come_in)) == 0 ? TRUSTS : ASKS;
}

/*
 * To PostgreSQL, every client of this port is who we are.  Whether it asks such a client for a
 * proof.
 */
static bool
check_welcome(const struct protocol_service *service, protocol_say *say, int64_t deadline)
{
	switch (probe(service->fd, deadline)) {
	case ASKS:
		say("ok", "PostgreSQL: asks for a password or other authentication");
		return true;
	case TRUSTS:
		say("warning",
		    "trust: PostgreSQL lets everybody on this port in as its superuser, "
		    "without a password; change the line for %s in pg_hba.conf: inetls(7), "
		    "step 6",
		    service->is_path ? "local" : service->source);
		break;
	case DECLINES: say("ok", "PostgreSQL: rejects the user postgres"); break;
	case LOCAL_ONLY:
		say("warning",
		    "PostgreSQL: a line of pg_hba.conf says peer or ident, so clients of this port "
		    "cannot log in; write scram-sha-256 there: inetls(7), step 6");
		break;
	case NO_ANSWER:
		say("warning",
		    "PostgreSQL: %s does not answer as PostgreSQL does; is it another "
		    "program?",
		    service->name);
		break;
	}
	return false;
}

void
pgsql_check(const struct protocol_service *service, protocol_say *say, int64_t deadline)
{
	bool asks = service->fd != -1 && check_welcome(service, say, deadline);

	if (asks)
		return;
	if (service->is_path)
		say("warning",
		    "pg_hba.conf: every client of this port looks local to PostgreSQL; never "
		    "write \"trust\" in a local line, and never run the wrapper as postgres "
		    "if a local line says \"peer\"");
	else if (!service->has_source)
		say("warning",
		    "pg_hba.conf: every client of this port looks local to PostgreSQL; never "
		    "write \"trust\" for 127.0.0.1, or distinguish these clients by -I "
		    "127.0.0.77");
}
