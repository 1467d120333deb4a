/*
 * Ends a session whose handshake takes too long inside a library: GnuTLS may compute for minutes
 * with what a peer sends.  The log line is made beforehand, since a signal handler cannot format
 * one.
 */

#include <stdio.h>
#include <unistd.h>

#include "base/deadline.h"
#include "session/session_steps.h"

/* For the handler; they change only while the timer is off. */
static int64_t started;
static int late_code;

static void
end(bool by_signal)
{
	log_say_kept(by_signal ? LOG_KEPT_SIGNAL : LOG_KEPT_LATE, deadline_now() - started);
	_exit(by_signal ? EX_OK : late_code);
}

void
session_watch(const struct session *s)
{
	struct report r = session_report(s);
	char late[128];

	deadline_watch_end();
	started = s->started;
	late_code = s->o->client ? EX_UNAVAILABLE : EX_OK;
	r.result = "handshake";
	if (s->handshake_deadline != DEADLINE_NEVER)
		r.total_ms = s->handshake_deadline - deadline_now() + 2 * DEADLINE_TICK_MS;
	r.reason = "ended by a signal";
	r.end = "signal";
	report_keep(&r, LOG_KEPT_SIGNAL);
	(void)snprintf(late, sizeof(late),
	    "a library was still computing for the handshake after --handshake-timeout (%lld ms)",
	    (long long)s->o->handshake_timeout_ms);
	r.reason = late;
	r.end = "timeout";
	r.level = late_code == EX_OK ? LEVEL_NOTICE : LEVEL_ERR;
	report_keep(&r, LOG_KEPT_LATE);
	deadline_watch(s->handshake_deadline, end);
}
