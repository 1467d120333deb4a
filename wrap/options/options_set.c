/* Parses the arguments of single options. */

#include "options/options_set.h"

#include <stdio.h>
#include <string.h>

#include "parse.h"
#include "protocol/instead.h"
#include "protocol/protocols.h"
#include "protocol/proxy_list.h"

int
options_set_backend(struct options *o, const char *text, struct failure *why)
{
	o->backend_text = text;
	if (text[0] == '/') {
		struct address a;

		o->backend_path = text;
		if (address_unix(text, &a) == -1)
			return failure_set(
			    why, EX_USAGE, "-r %s: the path is too long for a Unix socket", text);
		return 0;
	}
	if (address_split(text, &o->backend) == -1)
		return failure_set(why, EX_USAGE,
		    "-r \"%s\": not of the form [host:]port or /path; write e.g. -r localhost:5432 or -r [::1]:5432",
		    text);
	return 0;
}

int
options_set_protocol(struct options *o, const char *text, struct failure *why)
{
	const char *instead = instead_of(text);
	char names[128] = "";
	const struct protocol *p;
	size_t n = 0;

	o->protocol = protocols_by_name(text);
	if (o->protocol != NULL)
		return 0;
	if (instead != NULL)
		return failure_set(why, EX_USAGE, "-n \"%s\": %s", text, instead);
	for (size_t i = 0; (p = protocols_at(i)) != NULL && n < sizeof(names); i++)
		n += (size_t)snprintf(
		    names + n, sizeof(names) - n, "%s%s", i == 0 ? "" : ", ", p->name);
	return failure_set(why, EX_USAGE,
	    "-n \"%s\": the protocols are %s; for others leave -n out, where their clients speak "
	    "TLS from the first byte",
	    text, names);
}

int
options_set_level(struct options *o, const char *text, struct failure *why)
{
	if (log_parse_level(text, &o->log.facility, &o->log.level) == 0)
		return 0;
	return failure_set(why, EX_USAGE,
	    "-D \"%s\": not a level; write e.g. info, daemon.notice, or a number from 0 to 7",
	    text);
}

int
options_refuse_ident(struct options *o, const char *text, struct failure *why)
{
	(void)o;
	(void)text;
	return failure_set(why, EX_USAGE,
	    "-u: ident (RFC 1413) proves nothing about a peer and is not "
	    "supported; leave it out, and let the service ask for a password");
}

int
options_refuse_terminal(struct options *o, const char *text, struct failure *why)
{
	(void)o;
	return failure_set(why, EX_USAGE,
	    "-L %s: a program gets no terminal of its own; have socat give it one: "
	    "-l /usr/bin/socat -- socat STDIO EXEC:%s,pty,raw,echo=0",
	    text, text);
}

int
options_set_service(struct options *o, const char *text, struct failure *why)
{
	/* Cut, it could be the name of another service too, whose pid file and tickets it would
	 * take. */
	if (snprintf(o->service, sizeof(o->service), "%s", text) < (int)sizeof(o->service))
		return 0;
	return failure_set(why, EX_USAGE, "-N \"%.40s...\": a name has at most %zu bytes", text,
	    sizeof(o->service) - 1);
}

int
options_set_endpoint(struct options *o, const char *text, struct failure *why)
{
	o->listening = true;
	if (text[0] == '/')
		return failure_set(why, EX_USAGE,
		    "-d %s: it listens on TCP alone; have socat listen there, and connect to a "
		    "port of -d",
		    text);
	if (address_split(text, &o->listen) == 0)
		return 0;
	return failure_set(why, EX_USAGE,
	    "-d \"%s\": not of the form [host:]port; write e.g. -d 9000 or "
	    "-d 127.0.0.1:9000 or -d [::1]:9000",
	    text);
}

int
options_set_source(struct options *o, const char *text, struct failure *why)
{
	struct address *a = &o->source_address;
	int r = address_parse_scoped(text, a);

	o->source = text;
	if (r == ADDRESS_NO_INTERFACE)
		return failure_set(why, EX_USAGE, "-I \"%s\": there is no such interface", text);
	if (r == 0 && address_is_link_local(a) && address_interface(a) == 0)
		return failure_set(why, EX_USAGE,
		    "-I \"%s\": a link-local address needs its interface, as in %s%%eth0", text,
		    text);
	if (r == 0)
		return 0;
	return failure_set(
	    why, EX_USAGE, "-I \"%s\": not an IP address; write e.g. -I 127.0.0.77", text);
}

int
options_set_transparent(struct options *o, const char *text, struct failure *why)
{
	o->transparent = text == NULL ? TRANSPARENT : TRANSPARENT_TRY;
	if (text == NULL || strcmp(text, "try") == 0)
		return 0;
	return failure_set(
	    why, EX_USAGE, "--transparent=\"%s\": write --transparent or --transparent=try", text);
}

int
options_set_verify(struct options *o, const char *text, struct failure *why)
{
	long n;

	if (parse_number(text, 0, 3, &n) == -1)
		return failure_set(why, EX_USAGE,
		    "-v \"%s\": not a level; 0 asks for a certificate and ignores it, 1 "
		    "verifies it if sent, 2 requires it, 3 requires it and its pin",
		    text);
	o->trust.level = (int)n;
	return 0;
}

int
options_set_pin(struct options *o, const char *text, struct failure *why)
{
	struct trust_config *c = &o->trust;

	if (!trust_pin_is_valid(text))
		return failure_set(why, EX_USAGE,
		    "--pin \"%s\": not of the form sha256//BASE64 of 32 bytes; "
		    "`inetls-certgen show --pin FILE` prints it",
		    text);
	if (c->n_pins == TRUST_PINS_MAX)
		return failure_set(why, EX_USAGE, "--pin: at most %d can be given", TRUST_PINS_MAX);
	c->pins[c->n_pins++] = text;
	return 0;
}

int
options_set_peer_name(struct options *o, const char *text, struct failure *why)
{
	struct trust_config *c = &o->trust;

	if (text[0] == '\0' || c->n_names == TRUST_NAMES_MAX)
		return failure_set(why, EX_USAGE,
		    "--peer-name \"%s\": empty, or given more than %d times", text,
		    TRUST_NAMES_MAX);
	c->names[c->n_names++] = text;
	return 0;
}

int
options_set_proxy_in(struct options *o, const char *text, struct failure *why)
{
	o->proxy_in = proxy_list_settle(text);
	if (o->proxy_in != NULL)
		return 0;
	return failure_set(why, EX_USAGE,
	    "--proxy-in \"%s\": not a list of IP addresses and networks; write e.g. "
	    "--proxy-in 127.0.0.1,10.0.0.0/8",
	    text);
}

int
options_set_proxy_out(struct options *o, const char *text, struct failure *why)
{
	o->proxy_out = strcmp(text, "v1") == 0 ? 1 : strcmp(text, "v2") == 0 ? 2 : 0;
	if (o->proxy_out != 0)
		return 0;
	return failure_set(why, EX_USAGE, "--proxy-out \"%s\": write v1 or v2", text);
}

int
options_keep_text(const struct options_row *row, void *field, const char *text, struct failure *why)
{
	(void)row;
	(void)why;
	*(const char **)field = text;
	return 0;
}

int
options_keep_flag(const struct options_row *row, void *field, const char *text, struct failure *why)
{
	(void)row;
	(void)text;
	(void)why;
	*(bool *)field = true;
	return 0;
}

int
options_keep_duration(
    const struct options_row *row, void *field, const char *text, struct failure *why)
{
	if (parse_duration(text, field) == 0)
		return 0;
	return failure_set(why, EX_USAGE,
	    "--%s \"%s\": not a duration; write e.g. 500ms, 10s, 5m or off", row->name, text);
}

int
options_keep_number(
    const struct options_row *row, void *field, const char *text, struct failure *why)
{
	long n;

	if (parse_number(text, 1, row->max, &n) == -1)
		return failure_set(why, EX_USAGE, "--%s \"%s\": not a number from 1 to %d",
		    row->name, text, row->max);
	*(int *)field = (int)n;
	return 0;
}

int
options_keep_account(
    const struct options_row *row, void *field, const char *text, struct failure *why)
{
	if (strcmp(text, "root") == 0 || strspn(text, "0") == strlen(text))
		return failure_set(why, EX_USAGE,
		    "-%c \"%s\": root is refused, because it would undo the protection; name "
		    "an unprivileged %s",
		    row->letter, text, row->name);
	*(const char **)field = text;
	return 0;
}

int
options_keep_letter(
    const struct options_row *row, void *field, const char *text, struct failure *why)
{
	char *letters = field;
	size_t n = strlen(letters);

	(void)text;
	(void)why;
	if (n + 1 < sizeof(((struct options *)0)->ineffective) &&
	    strchr(letters, row->letter) == NULL)
		letters[n] = row->letter;
	return 0;
}
