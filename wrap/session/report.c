/* The one log line of a connection. */

#include "session/report.h"

#include <stdio.h>
#include <string.h>

#include "base/log_record.h"

/* Adds what the client has said of itself. */
static void
add_names(struct log_record *line, const struct protocol_heard *h)
{
	static const char *const names[PROTOCOL_NAMES] = { [PROTOCOL_USER] = "user",
		[PROTOCOL_DATABASE] = "database",
		[PROTOCOL_APPLICATION] = "application" };

	for (size_t i = 0; i < PROTOCOL_NAMES; i++)
		log_untrusted(line, names[i], h == NULL ? "" : h->names[i]);
}

/* Adds everything before the number of total_ms. */
static void
begin(struct log_record *line, const struct report *r)
{
	struct tls_info tls = { .resumed = false };

	if (r->tls != NULL)
		tls_describe(r->tls, &tls);
	log_field(line, "result", "%s", r->result);
	log_field(line, "peer", "%s", r->peer);
	if (r->reason[0] != '\0')
		log_quoted(line, "reason", r->reason);
	/* An address that is not known is "-" already. */
	log_untrusted(line, "backend", strcmp(r->backend, "-") == 0 ? "" : r->backend);
	log_field(line, "source", "%s", r->source);
	log_untrusted(line, "tls", tls.version);
	log_untrusted(line, "cipher", tls.cipher);
	log_untrusted(line, "group", tls.group);
	log_field(line, "resumed", "%s", tls.resumed ? "yes" : "no");
	log_untrusted(line, "alpn", tls.alpn);
	log_untrusted(line, "sni", tls.sni);
	if (r->client == NULL || r->client->subject[0] == '\0')
		log_field(line, "client", "-");
	else {
		log_quoted(line, "client", r->client->subject);
		log_field(line, "client_sha256", "%s", r->client->fingerprint);
	}
	add_names(line, r->heard);
	log_field(line, "in", "%llu", (unsigned long long)r->in);
	log_field(line, "out", "%llu", (unsigned long long)r->out);
	log_field(line, "handshake_ms", "%lld", (long long)r->handshake_ms);
	log_field(line, "total_ms", "%s", "");
}

#define TAIL 48

/* Writes everything after it. */
static void
finish(char tail[TAIL], const struct report *r)
{
	(void)snprintf(tail, TAIL, "end=%s%s", r->end != NULL ? r->end : "-",
	    r->truncated ? " truncated=yes" : "");
}

void
report_write(const struct report *r)
{
	struct log_record head;
	char tail[TAIL];

	log_record_init(&head);
	begin(&head, r);
	finish(tail, r);
	log_line(r->level, "%s%lld %s", head.text, (long long)r->total_ms, tail);
}

void
report_keep(const struct report *r, enum log_kept which)
{
	struct log_record head;
	char tail[TAIL];

	log_record_init(&head);
	begin(&head, r);
	finish(tail, r);
	log_keep(which, r->level, head.text, tail, r->total_ms);
}
