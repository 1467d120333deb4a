/* The PEM: certificates out, signatures out, the key never. */

#include "signer.h"

#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "file.h"
#include "p256.h"

/* what today's libraries take by default (OpenSSL's security level 2) */
#define RSA_BITS_MIN 2048
#define BEGIN_CERTIFICATE "-----BEGIN CERTIFICATE-----"
#define END_CERTIFICATE "-----END CERTIFICATE-----"

int
signer_open(struct signer *s, const char *path, struct failure *why)
{
	*s = (struct signer){ .path = path };
	return file_read_private(path, FILE_PEM_MAX, &s->pem, &s->len, why);
}

/* What a person can mend about a PEM that does not serve. */
static int
check_parts(const struct signer *s, struct failure *why)
{
	if (strstr(s->pem, "ENCRYPTED") != NULL)
		return failure_set(why, EX_CONFIG,
		    "%s: the key is encrypted, and nobody is there to type its "
		    "passphrase; mend: openssl pkey -in KEY -out PLAINKEY, mode 0600",
		    s->path);
	if (strstr(s->pem, "PRIVATE KEY-----") == NULL)
		return failure_set(why, EX_CONFIG,
		    "%s: holds no private key (BEGIN PRIVATE KEY); key and certificate "
		    "go into one file, `make cert` makes it",
		    s->path);
	if (strstr(s->pem, BEGIN_CERTIFICATE) == NULL)
		return failure_set(why, EX_CONFIG,
		    "%s: holds no certificate (BEGIN CERTIFICATE); key and certificate "
		    "go into one file, `make cert` makes it",
		    s->path);
	return 0;
}

static int
broken(const struct signer *s, int error, struct failure *why)
{
	if (check_parts(s, why) == -1)
		return -1;
	return failure_set(why, EX_CONFIG,
	    "%s: %s; is it whole? `inetls-certgen show %s` looks into it", s->path,
	    gnutls_strerror(error), s->path);
}

ssize_t
signer_chain(const struct signer *s, char *out, struct failure *why)
{
	const char *begin = s->pem, *end;
	size_t len = 0, n;

	if (check_parts(s, why) == -1)
		return -1;
	while ((begin = strstr(begin, BEGIN_CERTIFICATE)) != NULL &&
	    (end = strstr(begin, END_CERTIFICATE)) != NULL) {
		end += strlen(END_CERTIFICATE);
		n = (size_t)(end - begin);
		if (len + n + 2 > SIGNER_CHAIN_MAX)
			return failure_set(why, EX_CONFIG, "%s: the chain is larger than %d bytes",
			    s->path, SIGNER_CHAIN_MAX);
		memcpy(out + len, begin, n);
		len += n;
		out[len++] = '\n';
		begin = end;
	}
	if (len == 0)
		return failure_set(
		    why, EX_CONFIG, "%s: the certificate has no end; is the file whole?", s->path);
	out[len] = '\0';
	return (ssize_t)len;
}

/* A key of stunnel 3's days is told here, and not to each client in the words of its library. */
static int
check_strength(const struct signer *s, int algorithm, unsigned bits, struct failure *why)
{
	if (algorithm != GNUTLS_PK_RSA || bits >= RSA_BITS_MIN)
		return 0;
	return failure_set(why, EX_CONFIG,
	    "%s: its RSA key has %u bits, which today's TLS libraries refuse; make a new "
	    "pair: inetls-certgen --force %s HOST.NAME",
	    s->path, bits, s->path);
}

static int
load_other_key(struct signer *s, struct failure *why)
{
	gnutls_datum_t pem = { (unsigned char *)s->pem, (unsigned)s->len };
	gnutls_privkey_t key = NULL;
	unsigned bits = 0;
	int r;

	if ((r = gnutls_global_init()) < 0 || (r = gnutls_privkey_init(&key)) < 0)
		return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
	if ((r = gnutls_privkey_import_x509_raw(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0)) < 0) {
		gnutls_privkey_deinit(key);
		return broken(s, r, why);
	}
	r = gnutls_privkey_get_pk_algorithm(key, &bits);
	s->key = key;
	return check_strength(s, r, bits, why);
}

/* The length of a hash that TLS may sign over, or 0: SHA-1 and what GnuTLS knows by name alone. */
static size_t
hash_length(gnutls_digest_algorithm_t hash)
{
	switch (hash) {
	case GNUTLS_DIG_SHA256:
	case GNUTLS_DIG_SHA384:
	case GNUTLS_DIG_SHA512: return gnutls_hash_get_len(hash);
	default: return 0;
	}
}

/*
 * PKCS#1 v1.5 comes as the DigestInfo that is to be padded (RFC 8017, 9.2, note 1): a head that is
 * the same for each hash but for three bytes, then the hash.
 */
static bool
is_digest_info(const uint8_t *in, size_t n)
{
	static const struct {
		uint8_t oid, length;
	} hashes[] = { { 1, 32 }, { 2, 48 }, { 3, 64 } };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		uint8_t length = hashes[i].length;
		const uint8_t head[] = { 0x30, (uint8_t)(17 + length), 0x30, 0x0d, 0x06, 0x09, 0x60,
			0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, hashes[i].oid, 0x05, 0x00, 0x04,
			length };

		if (n == sizeof(head) + length && memcmp(in, head, sizeof(head)) == 0)
			return true;
	}
	return false;
}

/*
 * What TLS has signed: one digest of a strong hash, in its length, without flags; the message
 * itself for EdDSA alone.  The asker is not trusted, but GnuTLS and nettle do: they read as many
 * bytes of a hash as the algorithm's has, whatever they are told.
 */
static bool
is_of_tls(bool is_hash, unsigned algorithm, unsigned flags, const void *data, size_t n)
{
	gnutls_sign_algorithm_t sign = (gnutls_sign_algorithm_t)algorithm;
	size_t length = hash_length(gnutls_sign_get_hash_algorithm(sign));

	if (flags != 0)
		return false;
	if (!is_hash)
		return sign == GNUTLS_SIGN_EDDSA_ED25519 || sign == GNUTLS_SIGN_EDDSA_ED448;
	if (sign == GNUTLS_SIGN_RSA_RAW)
		return is_digest_info(data, n);
	return length != 0 && n == length;
}

/* The hash that a fast signature needs; false where the algorithm is another. */
static bool
p256_input(bool is_hash, unsigned algorithm, const void *data, size_t n, uint8_t hash[32])
{
	if (gnutls_sign_get_hash_algorithm((gnutls_sign_algorithm_t)algorithm) != GNUTLS_DIG_SHA256)
		return false;
	if (is_hash)
		memcpy(hash, data, 32);
	else
		p256_hash(data, n, hash);
	return true;
}

static ssize_t
sign_other(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags,
    const gnutls_datum_t *in, void *out, struct failure *why)
{
	gnutls_datum_t signature = { NULL, 0 };
	int r;

	if (s->key == NULL && load_other_key(s, why) == -1)
		return -1;
	r = is_hash ? gnutls_privkey_sign_hash2(
			  s->key, (gnutls_sign_algorithm_t)algorithm, flags, in, &signature) :
		      gnutls_privkey_sign_data2(
			  s->key, (gnutls_sign_algorithm_t)algorithm, flags, in, &signature);
	if (r < 0)
		return failure_set(why, EX_CONFIG,
		    "%s: the key cannot sign as the certificate says: %s; do they belong "
		    "together? --check tells",
		    s->path, gnutls_strerror(r));
	if (signature.size > SIGNER_SIGNATURE_MAX) {
		gnutls_free(signature.data);
		return failure_set(
		    why, EX_CONFIG, "%s: the key is larger than any that is known", s->path);
	}
	memcpy(out, signature.data, signature.size);
	gnutls_free(signature.data);
	return (ssize_t)signature.size;
}

ssize_t
signer_sign(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags, const void *data,
    size_t n, void *out, struct failure *why)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)data, (unsigned)n };
	uint8_t hash[32];
	ssize_t len;

	if (!is_of_tls(is_hash, algorithm, flags, data, n))
		return failure_set(why, EX_SOFTWARE,
		    "asked to sign %zu bytes by algorithm %u, as no session does", n, algorithm);
	if (!s->parsed)
		s->is_p256 = p256_parse(s->pem, s->p256);
	s->parsed = true;
	if (s->is_p256 && p256_input(is_hash, algorithm, data, n, hash)) {
		if ((len = p256_sign(s->p256, hash, out)) == -1)
			return failure_set(why, EX_CONFIG, "%s: the key is no P-256 key", s->path);
		return len;
	}
	return sign_other(s, is_hash, algorithm, flags, &in, out, why);
}

int
signer_match(const struct signer *s, struct failure *why)
{
	gnutls_datum_t pem = { (unsigned char *)s->pem, (unsigned)s->len };
	gnutls_certificate_credentials_t credentials = NULL;
	gnutls_x509_privkey_t key = NULL;
	unsigned bits = 0;
	int r, algorithm = GNUTLS_PK_UNKNOWN;

	if (check_parts(s, why) == -1)
		return -1;
	if ((r = gnutls_global_init()) < 0 ||
	    (r = gnutls_certificate_allocate_credentials(&credentials)) < 0)
		return failure_set(why, EX_SOFTWARE, "initialise GnuTLS: %s", gnutls_strerror(r));
	r = gnutls_certificate_set_x509_key_mem2(
	    credentials, &pem, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (r >= 0 && gnutls_certificate_get_x509_key(credentials, 0, &key) == 0) {
		algorithm = gnutls_x509_privkey_get_pk_algorithm2(key, &bits);
		gnutls_x509_privkey_deinit(key);
	}
	gnutls_certificate_free_credentials(credentials);
	if (r == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return failure_set(why, EX_CONFIG,
		    "%s: the private key does not belong to the first certificate; the server's own "
		    "comes first, before those that issued it, and its key with it; `make cert` makes "
		    "a new pair",
		    s->path);
	return r < 0 ? broken(s, r, why) : check_strength(s, algorithm, bits, why);
}

void
signer_close(struct signer *s)
{
	if (s->key != NULL)
		gnutls_privkey_deinit(s->key);
	explicit_bzero(s->p256, sizeof(s->p256));
	file_wipe(s->pem, s->len);
	*s = (struct signer){ .path = NULL };
}
