/*
 * Which versions, cipher suites and groups of TLS are allowed: our default priorities, or those of
 * -C.
 */

#include "tls/tls.h"

#include <stdio.h>
#include <string.h>

#include "strength.h"
#include "tls/tls_state.h"

/*
 * TLS 1.3 and 1.2, AEAD with ECDHE.  The server's order counts, and AES-128-GCM is first: where the
 * processor has AES, nettle's AES-GCM is 15 times faster than its ChaCha20.
 */
#define PRIORITY                                                                               \
	"SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:" \
	"+CHACHA20-POLY1305:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-MAC-ALL:+AEAD:-SIGN-RSA-SHA1:"    \
	"-SIGN-ECDSA-SHA1:%SERVER_PRECEDENCE:%NO_TICKETS_TLS12:" STRENGTH_PROFILE ":-GROUP-ALL:"
/*
 * In TLS 1.2 the curve of a client's certificate must be one of the groups (RFC 8422, 2.2), so
 * P-521 is among them.
 */
#define GROUPS "+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1"
#define HYBRID_GROUP "X25519-MLKEM768"
/* What needs a signature over SHA-1 of us, or over MD5 with SHA-1. */
#define UNSIGNABLE ":-VERS-TLS1.0:-VERS-TLS1.1:-SIGN-RSA-SHA1:-SIGN-ECDSA-SHA1"

/* The priorities of all sessions of this process; a listener parses them once for its children. */
static gnutls_priority_t understood;

/* Whether a priority string sets by itself how strong a peer's chain must be. */
static bool
names_profile(const char *priority)
{
	return strstr(priority, "%PROFILE_") != NULL || strstr(priority, "SUITEB") != NULL;
}

/*
 * at is the item that GnuTLS could not parse.  If that is in our part of the string, or if other
 * versions of GnuTLS know it, the string may be right: then this GnuTLS is too old, or was built
 * without that feature.
 */
static int
refuse_priority(const char *priority, const char *at, int error, struct failure *why)
{
	if (error == GNUTLS_E_NO_PRIORITIES_WERE_SET)
		return failure_set(why, EX_USAGE,
		    "-C \"%s\": allows no version, cipher suite or group that can be used; leave "
		    "TLS 1.2 or 1.3 in, with an ECDHE cipher suite",
		    priority);
	if (at > priority || strncmp(at, "+GROUP-", 7) == 0)
		return failure_set(why, EX_USAGE,
		    "-C \"%s\": this GnuTLS, %s, does not know \"%.*s\"; leave it out", priority,
		    tls_library_version(), (int)strcspn(at, ":"), at);
	return failure_set(why, EX_USAGE,
	    "-C \"%s\": not a GnuTLS priority string from \"%s\" on; an OpenSSL cipher "
	    "list means nothing here: leave -C out, or write e.g. NORMAL:-VERS-ALL:+VERS-TLS1.3",
	    priority, at);
}

int
tls_understand_priority(const char *priority, bool signs, struct failure *why)
{
	char text[2048];
	const char *at = NULL;
	int n, r;

	if (understood != NULL)
		return 0;
	/*
	 * GnuTLS rejects a whole string because of one group that it does not know, so ask for the
	 * hybrid group first.  Whatever the user's string says: no tickets in TLS 1.2, where a
	 * stolen master key would decrypt recorded sessions; no RSA key exchange and no signature
	 * over SHA-1, which the keyholder does not do; and unless it sets a profile itself, peers'
	 * chains must be as strong as by default.
	 */
	if (priority != NULL)
		n = snprintf(text, sizeof(text), "%s:%%NO_TICKETS_TLS12:-RSA%s%s", priority,
		    signs ? UNSIGNABLE : "", names_profile(priority) ? "" : ":" STRENGTH_PROFILE);
	else
		n = snprintf(text, sizeof(text), "%s%s%s", PRIORITY,
		    gnutls_group_get_id(HYBRID_GROUP) != GNUTLS_GROUP_INVALID ?
			"+GROUP-" HYBRID_GROUP ":" :
			"",
		    GROUPS);
	if ((size_t)n >= sizeof(text))
		return failure_set(
		    why, EX_USAGE, "-C: a priority string of more than %zu bytes", sizeof(text));
	r = gnutls_priority_init(&understood, text, &at);
	if (r == GNUTLS_E_SUCCESS)
		return 0;
	understood = NULL;
	if (priority == NULL)
		return failure_set(why, EX_CONFIG,
		    "the system's crypto policy allows nothing of our priorities: %s",
		    gnutls_strerror(r));
	return refuse_priority(priority,
	    at != NULL && at < text + strlen(priority) ? priority + (at - text) : priority, r, why);
}

int
tls_set_priority(gnutls_session_t session, const struct tls_config *c, struct failure *why)
{
	if (tls_understand_priority(c->priority, c->signs, why) == -1)
		return -1;
	(void)gnutls_priority_set(session, understood);
	return 0;
}
