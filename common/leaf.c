/* Whether TLS can use a server's own certificate. */

#include "leaf.h"

#include <stdbool.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "strength.h"

/*
 * In TLS 1.3, and in TLS 1.2 as used here, the certificate's key always signs, whatever its kind.
 */
static bool
may_sign_handshakes(gnutls_x509_crt_t leaf)
{
	unsigned usage = 0;

	return gnutls_x509_crt_get_key_usage(leaf, &usage, NULL) < 0 ||
	    (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) != 0;
}

/*
 * TLS signs RSA-PSS with a salt as long as the hash (RFC 8446, 4.2.3); the key's parameters give
 * the shortest salt that is allowed.
 */
static bool
has_parameters_of_tls(gnutls_x509_crt_t leaf)
{
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_UNKNOWN;
	gnutls_x509_spki_t spki;
	unsigned salt = 0;
	bool right = true;

	if (gnutls_x509_crt_get_pk_algorithm(leaf, NULL) != GNUTLS_PK_RSA_PSS ||
	    gnutls_x509_spki_init(&spki) < 0)
		return true;
	if (gnutls_x509_crt_get_spki(leaf, spki, 0) == 0 &&
	    gnutls_x509_spki_get_rsa_pss_params(spki, &hash, &salt) == 0 &&
	    hash != GNUTLS_DIG_UNKNOWN)
		right = (hash == GNUTLS_DIG_SHA256 || hash == GNUTLS_DIG_SHA384 ||
			    hash == GNUTLS_DIG_SHA512) &&
		    salt <= gnutls_hash_get_len(hash);
	gnutls_x509_spki_deinit(spki);
	return right;
}

/* Our own client refuses such a key, and the keyholder has no room for its signature. */
static bool
has_absurd_key(gnutls_x509_crt_t leaf)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(leaf, &bits);

	return strength_is_absurd_rsa(algorithm, bits);
}

/* GnuTLS reads other kinds too, such as DSA and P-224, but no peer accepts them. */
static bool
has_key_of_tls(gnutls_x509_crt_t leaf)
{
	unsigned bits = 0;

	switch (gnutls_x509_crt_get_pk_algorithm(leaf, &bits)) {
	case GNUTLS_PK_RSA:
	case GNUTLS_PK_RSA_PSS:
	case GNUTLS_PK_EDDSA_ED25519:
	case GNUTLS_PK_EDDSA_ED448: return true;
	case GNUTLS_PK_ECDSA: return bits >= 256;
	default: return false;
	}
}

const char *
leaf_fault(gnutls_x509_crt_t leaf)
{
	if (!has_key_of_tls(leaf))
		return "key is of a kind that TLS cannot use; make a new key and certificate: "
		       "`make cert`";
	if (has_absurd_key(leaf))
		return "RSA key has more than 8192 bits, so that peers refuse it; make a new key and "
		       "certificate: `make cert`";
	if (!may_sign_handshakes(leaf))
		return "keyUsage lacks digitalSignature, so that clients refuse it; make a new "
		       "one with inetls-certgen, or ask its CA for one with digitalSignature";
	if (!has_parameters_of_tls(leaf))
		return "RSA-PSS parameters cannot be used in TLS; make a new key without "
		       "parameters, or of P-256, as inetls-certgen does";
	return NULL;
}

/*
 * Whether clients may take a certificate without CA:FALSE for a CA.  OpenSSL and GnuTLS trust what
 * a self-signed certificate of version 1 has signed; OpenSSL also trusts one with keyCertSign.
 */
static bool
is_ca_by_silence(gnutls_x509_crt_t leaf)
{
	unsigned usage = 0, critical;

	if (gnutls_x509_crt_get_version(leaf) < 3)
		return gnutls_x509_crt_check_issuer(leaf, leaf) == 1;
	return gnutls_x509_crt_get_key_usage(leaf, &usage, &critical) == 0 &&
	    (usage & GNUTLS_KEY_KEY_CERT_SIGN) != 0;
}

const char *
leaf_warning(gnutls_x509_crt_t leaf)
{
	int ca = gnutls_x509_crt_get_ca_status(leaf, NULL);

	if (ca > 0)
		return "its first certificate may sign others (CA:TRUE), so an attacker who "
		       "takes over a session could forge certificates; make one with CA:FALSE, "
		       "as inetls-certgen does";
	if (ca == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE && is_ca_by_silence(leaf))
		return "its first certificate does not say CA:FALSE, so an attacker who takes "
		       "over a session could forge certificates; make one that does, as "
		       "inetls-certgen does";
	return NULL;
}
