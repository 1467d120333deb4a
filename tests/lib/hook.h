#ifndef INETLS_HOOK_H
#define INETLS_HOOK_H

/*
 * For tests alone: a session that has been taken over by its peer.  It is there only in a build
 * with CPPFLAGS=-DINETLS_HOOK.
 */

#ifdef INETLS_HOOK
/*
 * Called once the session is confined.  Tries what the environment's INETLS_MISBEHAVE names, and
 * says "hook NAME: how it went" in the log; it may not come back.  service is the unconnected
 * socket of a TCP backend.
 */
void hook_misbehave(int service);

/* Called once a peer was heard: where that is "compute", computes for HOOK_COMPUTE_MS. */
#define HOOK_COMPUTE_MS 20000
void hook_compute(void);
#endif

#endif
