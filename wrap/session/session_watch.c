/*
 * Ends a session whose handshake takes too long inside a library: GnuTLS may compute for minutes
 * with what a peer sends.  The log line is made beforehand, since a signal handler cannot format
 * one.
 */

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

static void
keep(struct session *s, enum log_kept which, const char *who)
{
	struct report r;

	(void)session_finish(s, "handshake", who);
	r = session_report(s);
	if (s->handshake_deadline != DEADLINE_NEVER)
		r.total_ms = s->handshake_deadline - deadline_now() + 2 * DEADLINE_TICK_MS;
	report_keep(&r, which);
}

void
session_watch(const struct session *s)
{
	struct session as = *s;

	deadline_watch_end();
	started = s->started;
	late_code = s->o->client ? EX_UNAVAILABLE : EX_OK;
	failure_set(&as.why, EX_OK, "ended by a signal");
	keep(&as, LOG_KEPT_SIGNAL, "signal");
	failure_set(&as.why, late_code,
	    "a library was still computing for the handshake after --handshake-timeout (%lld ms)",
	    (long long)s->o->handshake_ms);
	keep(&as, LOG_KEPT_LATE, "timeout");
	deadline_watch(s->handshake_deadline, end);
}
