/* Finds the blocks of a PEM, and says what is wrong with those that cannot be used. */

#include "pemfile.h"

#include "token_url.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"
#define KEY "PRIVATE KEY"
#define TOGETHER "; put the key and the certificate into one file, as `make cert` does"
#define CURVE                                                                      \
	" is on a curve that TLS does not know, or that is not named; make a new " \
	"key and certificate, on P-256: `make cert`"

struct block {
	const char *begin, *label, *body;
	size_t label_len, body_len, len;
	bool is_whole;
};

static bool
starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/*
 * Finds the next block from *at on and moves *at behind it; false if there is none.  Base64 and the
 * header lines have no five dashes in a row, so the first five in a body belong to its end line.
 */
static bool
next_block(const char **at, struct block *b)
{
	const char *end;

	while ((b->begin = strstr(*at, BEGIN)) != NULL) {
		b->label = b->begin + strlen(BEGIN);
		b->label_len = strcspn(b->label, "-\n");
		*at = b->label + b->label_len;
		if (!starts(*at, DASHES))
			continue;
		*at += strlen(DASHES);
		b->body = *at;
		end = strstr(b->body, DASHES);
		b->is_whole = end != NULL && starts(end, END) &&
		    strncmp(end + strlen(END), b->label, b->label_len + strlen(DASHES)) == 0;
		b->body_len = 0;
		if (b->is_whole) {
			b->body_len = (size_t)(end - b->body);
			*at = end + strlen(END) + b->label_len + strlen(DASHES);
		}
		b->len = (size_t)(*at - b->begin);
		return true;
	}
	return false;
}

static bool
is(const struct block *b, const char *label)
{
	return b->label_len == strlen(label) && starts(b->label, label);
}

static bool
is_key(const struct block *b)
{
	return b->label_len >= strlen(KEY) && starts(b->label + b->label_len - strlen(KEY), KEY);
}

static int
check_whole(const struct block *b, struct failure *why)
{
	if (b->is_whole)
		return 0;
	return failure_set(why, EX_CONFIG,
	    "the block BEGIN %.*s has no END line; was the file cut off?", (int)b->label_len,
	    b->label);
}

/* A PEM is text: it must not hold a NUL. */
static int
check_text(const char *pem, size_t len, struct failure *why)
{
	if (memchr(pem, '\0', len) == NULL)
		return 0;
	if (memmem(pem, len, "-\0-", 3) != NULL)
		return failure_set(why, EX_CONFIG,
		    "it is UTF-16, as Windows writes text; convert it: iconv -f UTF-16 -t "
		    "ASCII FILE > NEW");
	return failure_set(why, EX_CONFIG,
	    "it is binary, not PEM; from PKCS#12 (.p12, .pfx): openssl pkcs12 -in "
	    "FILE -nodes -out NEW; a certificate in DER: openssl x509 -inform DER "
	    "-in FILE -out NEW; a new key and certificate: `make cert`");
}

/* Explains a file without a block: disks that were full leave such files. */
static int
check_content(const char *pem, size_t len, struct failure *why)
{
	struct block b;

	if (len == 0)
		return failure_set(why, EX_NOINPUT,
		    "is empty; was the disk full? restore it from a copy, or make a new one: "
		    "`make cert FORCE=1`");
	if (check_text(pem, len, why) == -1)
		return -1;
	if (!next_block(&pem, &b))
		return failure_set(why, EX_NOINPUT,
		    "holds no key and no certificate (no line with BEGIN); is it the wrong file, or "
		    "was it cut off? restore it from a copy, or make a new one: `make cert`");
	return 0;
}

ssize_t
pemfile_key(const char *pem, size_t len, const char **key, struct failure *why)
{
	struct block b;

	if (check_content(pem, len, why) == -1)
		return -1;
	do
		if (!next_block(&pem, &b))
			return failure_set(
			    why, EX_NOINPUT, "holds no private key (BEGIN PRIVATE KEY)" TOGETHER);
	while (!is_key(&b));
	if (check_whole(&b, why) == -1)
		return -1;
	if (is(&b, "ENCRYPTED " KEY) || memmem(b.body, b.body_len, "4,ENCRYPTED", 11) != NULL)
		return failure_set(why, EX_CONFIG,
		    "the key is encrypted, and nobody can type its passphrase here; decrypt "
		    "it: openssl pkey -in KEY -out PLAINKEY, mode 0600");
	if (!is(&b, KEY) && !is(&b, "EC " KEY) && !is(&b, "RSA " KEY))
		return failure_set(why, EX_CONFIG,
		    "the key is of a kind that TLS cannot use (BEGIN %.*s); make a new key "
		    "and certificate: `make cert`",
		    (int)b.label_len, b.label);
	*key = b.begin;
	return (ssize_t)b.len;
}

/* 1 for a certificate, 0 for another kind of block that may be there, or -1. */
static int
check_certificate(const struct block *b, struct failure *why)
{
	if (is(b, "TRUSTED CERTIFICATE"))
		return failure_set(why, EX_CONFIG,
		    "a certificate is in a form that only OpenSSL reads (BEGIN TRUSTED "
		    "CERTIFICATE); convert it: openssl x509 -in CERT -out NEW");
	if (is(b, "PKCS7"))
		return failure_set(why, EX_CONFIG,
		    "the certificates are in PKCS#7 (BEGIN PKCS7); convert it: openssl pkcs7 "
		    "-in FILE -print_certs -out NEW");
	if (!is(b, "CERTIFICATE") && !is(b, "X509 CERTIFICATE"))
		return 0;
	return check_whole(b, why) == -1 ? -1 : 1;
}

static int
check_limits(unsigned n, size_t len, struct failure *why)
{
	if (n > PEMFILE_CERTIFICATES_MAX)
		return failure_set(why, EX_CONFIG,
		    "more than %d certificates; leave out those that did not issue the first",
		    PEMFILE_CERTIFICATES_MAX);
	if (len >= PEMFILE_CHAIN_MAX)
		return failure_set(
		    why, EX_CONFIG, "the chain is larger than %d bytes", PEMFILE_CHAIN_MAX);
	return 0;
}

/* Writes each certificate under the one label that every reader knows. */
static ssize_t
join(const char *pem, char *out, size_t size, struct failure *why)
{
	const char *whole = pem, *url;
	bool has_key = false;
	struct block b;
	size_t len = 0;
	unsigned n = 0;
	int r;

	while (next_block(&pem, &b)) {
		has_key |= is_key(&b);
		if ((r = check_certificate(&b, why)) == -1)
			return -1;
		if (r == 1)
			len += (size_t)snprintf(out + len, size - len,
			    BEGIN "CERTIFICATE-----%.*s" END "CERTIFICATE-----\n", (int)b.body_len,
			    b.body);
		n += r == 1;
	}
	if (n == 0 && token_url_find(whole, &url) == 0 &&
	    check_content(whole, strlen(whole), why) == -1)
		return -1;
	if (n == 0)
		return failure_set(
		    why, EX_NOINPUT, "holds no certificate (BEGIN CERTIFICATE)" TOGETHER);
	if (check_limits(n, len, why) == -1 && (has_key || token_url_find(whole, &url) > 0))
		return -1;
	return (ssize_t)len;
}

ssize_t
pemfile_chain(const char *pem, size_t len, char **chain, struct failure *why)
{
	size_t size = 2 * len + 1; /* each block may get a newline */
	ssize_t n;

	*chain = NULL;
	if (check_text(pem, len, why) == -1)
		return -1;
	if ((*chain = malloc(size)) == NULL)
		return failure_set(why, EX_OSERR, "out of memory");
	if ((n = join(pem, *chain, size, why)) == -1) {
		free(*chain);
		*chain = NULL;
	}
	return n;
}

/* What the keys and certificates of ECDSA say about their curve. */
enum curve { NOT_ECDSA, KNOWN, UNKNOWN };

static bool
is_whole(const gnutls_datum_t *der)
{
	const unsigned char *at = der->data;
	unsigned size = der->size;

	return size > 4 && at[0] == 0x30 &&
	    size ==
	    (at[1] == 0x82        ? 4u + ((unsigned)at[2] << 8 | at[3]) :
		    at[1] == 0x81 ? 3u + at[2] :
				    2u + at[1]);
}

#define HAS(der, oid) (memmem((der).data, (der).size, oid, sizeof(oid) - 1) != NULL)

static enum curve
find_curve(const char *pem, size_t len)
{
	gnutls_datum_t text = { (unsigned char *)(uintptr_t)pem, (unsigned)len }, der;
	enum curve curve = NOT_ECDSA;

	if (gnutls_pem_base64_decode2(NULL, &text, &der) < 0)
		return NOT_ECDSA;
	/*
	 * P-256, P-384, P-521.  Otherwise id-ecPublicKey (RFC 5480), which SEC1 leaves out, shows
	 * that it is ECDSA at all.
	 */
	if (is_whole(&der) &&
	    (HAS(der, "\x2a\x86\x48\xce\x3d\x03\x01\x07") || HAS(der, "\x2b\x81\x04\x00\x22") ||
		HAS(der, "\x2b\x81\x04\x00\x23")))
		curve = KNOWN;
	else if (is_whole(&der) &&
	    (HAS(der, "\x2a\x86\x48\xce\x3d\x02\x01") || starts(pem, BEGIN "EC ")))
		curve = UNKNOWN;
	gnutls_memset(der.data, 0, der.size);
	gnutls_free(der.data);
	return curve;
}

int
pemfile_blame_key(const char *key, size_t len, int error, struct failure *why)
{
	switch (find_curve(key, len)) {
	case KNOWN:
		return failure_set(why, EX_CONFIG,
		    "the key lacks its public half, or is damaged; write it again: openssl "
		    "ec -in KEY -out NEW");
	case UNKNOWN: return failure_set(why, EX_CONFIG, "the key" CURVE);
	case NOT_ECDSA: break;
	}
	return failure_set(
	    why, EX_CONFIG, "the private key is damaged: %s", gnutls_strerror(error));
}

int
pemfile_blame_chain(const char *chain, size_t len, int error, struct failure *why)
{
	if (error == GNUTLS_E_ECC_UNSUPPORTED_CURVE || find_curve(chain, len) == UNKNOWN)
		return failure_set(why, EX_CONFIG, "a certificate's key" CURVE);
	return failure_set(why, EX_CONFIG, "a certificate is damaged: %s", gnutls_strerror(error));
}
