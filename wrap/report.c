/* The one line of a connection. */

#include "report.h"

#include "log.h"

void
report_write(const struct report *r)
{
	struct log_record line = { .len = 0 };
	struct tls_info tls = { .resumed = false };

	if (r->tls != NULL)
		tls_describe(r->tls, &tls);
	log_field(&line, "result", "%s", r->result);
	log_field(&line, "peer", "%s", r->peer);
	if (r->reason[0] != '\0')
		log_quoted(&line, "reason", r->reason);
	log_untrusted(&line, "backend", r->backend);
	log_field(&line, "source", "%s", r->source);
	log_untrusted(&line, "tls", tls.version);
	log_untrusted(&line, "cipher", tls.cipher);
	log_untrusted(&line, "group", tls.group);
	log_field(&line, "resumed", "%s", tls.resumed ? "yes" : "no");
	log_untrusted(&line, "alpn", tls.alpn);
	log_untrusted(&line, "sni", tls.sni);
	if (r->client == NULL || r->client->subject[0] == '\0')
		log_field(&line, "client", "-");
	else {
		log_quoted(&line, "client", r->client->subject);
		log_field(&line, "client_sha256", "%s", r->client->fingerprint);
	}
	log_field(&line, "in", "%llu", (unsigned long long)r->in);
	log_field(&line, "out", "%llu", (unsigned long long)r->out);
	log_field(&line, "handshake_ms", "%lld", (long long)r->handshake_ms);
	log_field(&line, "total_ms", "%lld", (long long)r->total_ms);
	log_field(&line, "end", "%s", r->end != NULL ? r->end : "-");
	if (r->truncated)
		log_field(&line, "truncated", "yes");
	log_line(r->level, "%s", line.text);
}
