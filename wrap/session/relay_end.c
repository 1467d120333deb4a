/* How a relay ends: the first cause is the one that counts. */

#include "session/relay.h"

#include <stdio.h>

#include "base/deadline.h"
#include "session/relay_state.h"

bool
relay_is_ok(const struct relay_result *result)
{
	return result->outcome == RELAY_DONE || result->outcome == RELAY_PEER_BARE;
}

void
relay_ended_first(struct relay *r, enum relay_end who)
{
	if (r->result->first == RELAY_END_NONE)
		r->result->first = who;
}

bool
relay_fail(struct relay *r, enum relay_outcome outcome, enum relay_end who, const char *what,
    const char *why)
{
	if (!r->stopping) {
		r->result->outcome = outcome;
		(void)snprintf(r->result->reason, sizeof(r->result->reason), "%s%s%s", what,
		    why[0] != '\0' ? ": " : "", why);
		relay_ended_first(r, who);
	}
	r->stopping = true;
	return true;
}

/* Sets one deadline for what is left to deliver; bytes that move do not extend it. */
bool
relay_stop(struct relay *r)
{
	deadline_end_stop();
	if (r->result->leave_by == 0)
		r->result->leave_by = deadline_after(r->setup->close_ms);
	return relay_fail(r, RELAY_STOPPED, RELAY_END_SIGNAL, "ended by a signal", "");
}

/* Cuts off a session at --max-session; a peer that does not read gets no more time. */
bool
relay_stop_if_over(struct relay *r)
{
	if (r->setup->until == 0 || r->over || deadline_now() < r->setup->until)
		return r->over;
	r->over = true;
	return relay_fail(
	    r, RELAY_IDLE, RELAY_END_TIMEOUT, "session lasted longer than --max-session", "");
}
