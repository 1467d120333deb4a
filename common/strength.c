/* Whether a key or a signature is too weak. */

#include "strength.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/gnutls.h>

static bool
is_rsa(int algorithm)
{
	return algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS;
}

bool
strength_is_weak_rsa(int algorithm, unsigned bits)
{
	return is_rsa(algorithm) && bits < STRENGTH_RSA_BITS_MIN;
}

bool
strength_is_absurd_rsa(int algorithm, unsigned bits)
{
	return is_rsa(algorithm) && bits > STRENGTH_RSA_BITS_MAX;
}

/* Clients have their own copy of a root, and verify no signature on it. */
static bool
has_weak_signature(gnutls_x509_crt_t crt)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(crt);

	return gnutls_x509_crt_check_issuer(crt, crt) == 0 &&
	    gnutls_sign_is_secure2(
		(gnutls_sign_algorithm_t)algorithm, GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) == 0;
}

bool
strength_warning(gnutls_x509_crt_t crt, bool is_leaf, char *text, size_t size)
{
	char subject[160], algorithm[64];
	unsigned bits = 0;
	int kind = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	size_t len = sizeof(subject), algorithm_len = sizeof(algorithm);

	if (gnutls_x509_crt_get_dn(crt, subject, &len) < 0)
		(void)strcpy(subject, "?");
	if (!is_leaf && kind >= 0 &&
	    gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)kind, bits) <
		GNUTLS_SEC_PARAM_MEDIUM) {
		(void)snprintf(text, size,
		    "the key of %s (%s, %u bits) is weak, so that clients that verify the chain refuse "
		    "it; get a certificate from a CA with a stronger key",
		    subject, gnutls_pk_get_name((gnutls_pk_algorithm_t)kind), bits);
		return true;
	}
	if (!has_weak_signature(crt))
		return false;
	if (gnutls_x509_crt_get_signature_oid(crt, algorithm, &algorithm_len) < 0)
		(void)strcpy(algorithm, "?");
	kind = gnutls_x509_crt_get_signature_algorithm(crt);
	(void)snprintf(text, size,
	    "the signature of %s (%s) is weak, so that clients that verify the chain refuse it; have "
	    "its CA sign it anew with SHA-256",
	    subject, kind > 0 ? gnutls_sign_get_name((gnutls_sign_algorithm_t)kind) : algorithm);
	return true;
}
