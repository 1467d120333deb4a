/* What went wrong: in words for the log, and as an alert for the peer. */

#include "tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tls/tls_state.h"
#include "tls/trust.h"

/*
 * The alert that the peer sent, or -1.  An OpenSSL client that refuses our certificate sends its
 * alert in clear, since it has no keys yet.  GnuTLS expects ciphertext there and reports that it
 * cannot decrypt.
 */
static int
peer_alert(const struct tls *t, int error)
{
	static const unsigned char head[] = { 0x15, 0x03, 0x03, 0x00, 0x02 };
	const unsigned char *record = transport_last(&t->transport, sizeof(head) + 2);

	if (error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return (int)gnutls_alert_get(t->session);
	if (error == GNUTLS_E_DECRYPTION_FAILED && record != NULL &&
	    memcmp(record, head, sizeof(head)) == 0)
		return record[sizeof(head) + 1];
	return -1;
}

static bool
is_about_certificate(int alert)
{
	return alert == GNUTLS_A_UNKNOWN_CA || alert == GNUTLS_A_BAD_CERTIFICATE ||
	    alert == GNUTLS_A_CERTIFICATE_UNKNOWN || alert == GNUTLS_A_CERTIFICATE_EXPIRED;
}

/*
 * Whether the peer may have left because of our certificate.  A TLS 1.3 server refuses a client's
 * certificate when the client thinks the handshake is complete; some send no alert and just close.
 */
static bool
may_refuse_ours(const struct tls *t, int error, int alert)
{
	return t->key_shown &&
	    (is_about_certificate(alert) ||
		(!t->established && error == GNUTLS_E_PREMATURE_TERMINATION));
}

/* A fault of our own certificate that no peer could accept, or NULL. */
static const char *
own_fault(const struct tls *t, int error, int alert)
{
	bool may_be = !t->established &&
	    (alert != -1 || error == GNUTLS_E_NO_CIPHER_SUITES ||
		error == GNUTLS_E_PREMATURE_TERMINATION);

	return may_be ? tls_key_fault(&t->key) : NULL;
}

/*
 * Without -n: why it may be that -n is missing, or NULL.  A server that waits for a request in
 * clear closes or resets when it gets TLS instead.
 */
static const char *
clear_reason(const struct tls *t, int error, int alert)
{
	/* Only an alert or handshake record can come first (RFC 8446, 5.1). */
	if (t->transport.started && t->transport.first != 0x15 && t->transport.first != 0x16)
		return t->in_clear ? "peer does not speak TLS" :
				     "peer does not speak TLS; is -n with its protocol missing?";
	if (t->in_clear || t->is_server)
		return NULL;
	if (alert == GNUTLS_A_NO_APPLICATION_PROTOCOL)
		return "peer wants another protocol in TLS; is -n with its protocol missing?";
	if (!t->transport.started &&
	    (error == GNUTLS_E_PREMATURE_TERMINATION ||
		(error == GNUTLS_E_PULL_ERROR && errno == ECONNRESET)))
		return "peer closed before the handshake; is -n with its protocol missing?";
	return NULL;
}

/*
 * Before the handshake is complete the same errors have other causes; the log should name the
 * cause.
 */
static const char *
handshake_reason(const struct tls *t, int error, int alert)
{
	const char *clear;

	if (t->refused != NULL)
		return t->refused;
	if (t->trust != NULL && trust_reason(t->trust)[0] != '\0')
		return trust_reason(t->trust);
	if ((clear = clear_reason(t, error, alert)) != NULL)
		return clear;
	if (error == GNUTLS_E_PREMATURE_TERMINATION)
		return t->transport.started ? "peer closed during the handshake" :
					      "peer closed before the handshake";
	if (error == GNUTLS_E_UNSUPPORTED_VERSION_PACKET)
		return "peer offers no TLS version that is allowed here";
	if (error == GNUTLS_E_NO_CIPHER_SUITES || error == GNUTLS_E_NO_COMMON_KEY_SHARE)
		return "peer offers no cipher suite or group that is allowed here";
	if (error == GNUTLS_E_CERTIFICATE_REQUIRED || error == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return "peer shows no certificate, and one is required (-v)";
	if (error == GNUTLS_E_NO_APPLICATION_PROTOCOL)
		return t->alpn_missing;
	if (alert == GNUTLS_A_DECRYPT_ERROR)
		return "peer rejected our signature; run --check";
	if (alert == GNUTLS_A_CERTIFICATE_EXPIRED)
		return "peer says that a certificate has expired, but none of ours has; is its "
		       "clock right, or does it have an old copy?";
	/* OpenSSL says this of a certificate that is not valid yet. */
	if (alert == GNUTLS_A_BAD_CERTIFICATE)
		return "peer does not trust our certificate: is its clock right? else give it the "
		       ".crt, or a CA that issued ours";
	if (is_about_certificate(alert))
		return "peer does not trust our certificate; give it the .crt, or a CA that issued ours";
	return NULL;
}

void
tls_set_reason(struct tls *t, int error)
{
	int alert = peer_alert(t, error);
	const char *known = t->established ? NULL : handshake_reason(t, error, alert), *fault;
	const char *name = alert == -1 ? NULL :
					 gnutls_alert_get_name((gnutls_alert_description_t)alert);

	t->error = error;
	/* Look at our own faults before blaming the peer. */
	if ((fault = own_fault(t, error, alert)) != NULL) {
		(void)snprintf(t->reason, sizeof(t->reason), "our certificate: its %s", fault);
		return;
	}
	if (may_refuse_ours(t, error, alert) &&
	    tls_key_is_refused(&t->key, t->reason, sizeof(t->reason)))
		return;
	if (error == GNUTLS_E_RECEIVED_DISALLOWED_NAME)
		(void)snprintf(t->reason, sizeof(t->reason),
		    "peer asks for the name %s, but SNI allows only letters, digits, hyphens "
		    "and dots; have it use another name, the address, or sslsni=0",
		    t->asked);
	else if (known != NULL)
		(void)snprintf(t->reason, sizeof(t->reason), "%s", known);
	else if (alert != -1)
		(void)snprintf(t->reason, sizeof(t->reason), "peer's alert: %s",
		    name != NULL ? name : "unknown");
	else if (error == GNUTLS_E_PULL_ERROR || error == GNUTLS_E_PUSH_ERROR)
		(void)snprintf(t->reason, sizeof(t->reason), "%s: %s",
		    error == GNUTLS_E_PULL_ERROR ? "read from peer" : "write to peer",
		    strerror(errno));
	else if (error == GNUTLS_E_PREMATURE_TERMINATION)
		(void)snprintf(t->reason, sizeof(t->reason), "peer closed without close_notify");
	else if (error == GNUTLS_E_WARNING_ALERT_RECEIVED)
		(void)snprintf(t->reason, sizeof(t->reason), "peer sends nothing but warnings");
	else if (error == GNUTLS_E_TOO_MANY_EMPTY_PACKETS)
		(void)snprintf(
		    t->reason, sizeof(t->reason), "peer sends nothing but empty records");
	else if (error == GNUTLS_E_REHANDSHAKE)
		(void)snprintf(t->reason, sizeof(t->reason), "peer asked for renegotiation");
	else
		(void)snprintf(t->reason, sizeof(t->reason), "%s", gnutls_strerror(error));
}

const char *
tls_reason(const struct tls *t)
{
	return t->reason;
}

void
tls_abort(struct tls *t)
{
	int alert = GNUTLS_A_INTERNAL_ERROR, level = GNUTLS_AL_FATAL;

	/* Whoever sends a fatal alert hears nothing more (RFC 8446, 6.2). */
	if (t->error == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return;
	if (t->error != GNUTLS_E_SUCCESS)
		alert = gnutls_error_to_alert(t->error, &level);
	/* GnuTLS has no alert for this, and in TLS 1.3 another one is right (RFC 5246, 7.4.6). */
	if (t->error == GNUTLS_E_NO_CERTIFICATE_FOUND)
		alert = GNUTLS_A_HANDSHAKE_FAILURE;
	if (t->error == GNUTLS_E_PREMATURE_TERMINATION && t->transport.body > 0)
		alert = GNUTLS_A_DECODE_ERROR;
	/* Our key is missing, so it is not the peer's fault. */
	if (t->key.holder != NULL && t->key.holder->why.code != EX_OK)
		alert = GNUTLS_A_INTERNAL_ERROR;
	if (t->error == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	    t->error == GNUTLS_E_TOO_MANY_EMPTY_PACKETS ||
	    t->error == GNUTLS_E_GOT_APPLICATION_DATA)
		alert = GNUTLS_A_UNEXPECTED_MESSAGE;
	if (!t->established && t->trust != NULL && trust_alert(t->trust) != -1)
		alert = trust_alert(t->trust);
	(void)gnutls_alert_send(t->session, GNUTLS_AL_FATAL, (gnutls_alert_description_t)alert);
}
