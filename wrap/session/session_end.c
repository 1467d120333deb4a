/* How a session ended: what a step notes, and the log line that comes of it. */

#include "session/session_steps.h"

#include "base/deadline.h"

int
session_finish(struct session *s, const char *result, const char *end)
{
	s->result = result;
	s->end = end;
	return -1;
}

int
session_finish_why(struct session *s, const char *result, const char *end, const char *reason)
{
	failure_set(&s->why, EX_OK, "%s", reason);
	return session_finish(s, result, end);
}

struct report
session_report(const struct session *s)
{
	const struct protocol *p = s->o->protocol;
	bool warn = s->truncated && (p == NULL || !p->ends_bare);
	struct report r = { .level = s->why.code != EX_OK ? LEVEL_ERR :
		    warn                                  ? LEVEL_WARNING :
							    LEVEL_NOTICE,
		.result = s->result,
		.reason = s->why.text,
		.peer = s->o->client ? s->backend.name : s->local,
		.backend = s->o->client   ? s->local :
		    s->o->program != NULL ? s->o->program :
					    s->backend.name,
		.source = s->backend.source,
		.client = !s->o->client && s->trust != NULL ? trust_peer(s->trust) : NULL,
		.tls = s->established ? s->tls : NULL,
		.heard = s->talk.heard.whole ? &s->talk.heard : NULL,
		.end = s->end,
		.truncated = s->truncated,
		.in = s->relay.in,
		.out = s->relay.out,
		.handshake_ms = s->handshake_ms,
		.total_ms = deadline_now() - s->started };

	return r;
}
