#ifndef INETLS_SIGNER_H
#define INETLS_SIGNER_H

/*
 * A PEM in memory: gives out its certificates and signs with its key.  It runs in the process that
 * holds the key (keyholder.h) and, with --check, in one that no network reaches.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "pemfile.h"
#include "key/signable.h"

#define SIGNER_CHAIN_MAX PEMFILE_CHAIN_MAX
#define SIGNER_SIGNATURE_MAX 1024 /* RSA of 8192 bits */

struct signer {
	const char *path;
	enum signable_role role;
	char *pem;
	const char *key_pem; /* the key's block in it */
	char *chain;         /* the certificates alone */
	size_t len, key_len, chain_len;
	uint8_t p256[32];
	bool parsed, is_p256;
	void *key; /* GnuTLS's, for every other kind, or NULL */
};

/*
 * Reads the file, and looks whether it has a key and certificates (pemfile.h): EX_NOINPUT,
 * EX_NOPERM, EX_CONFIG.  0 or -1.
 */
int signer_open(struct signer *s, const char *path, enum signable_role role, struct failure *why);

/*
 * The certificates, as PEM, with a NUL that is not counted: their length in out, of
 * SIGNER_CHAIN_MAX bytes.
 */
ssize_t signer_chain(const struct signer *s, char *out);

/*
 * Signs data, or a hash, with an algorithm of GnuTLS's numbers and its flags, where that is
 * signable in a handshake of the role.  The signature's length in out, of SIGNER_SIGNATURE_MAX
 * bytes, or -1 and *why.
 */
ssize_t signer_sign(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n, void *out, struct failure *why);

/*
 * Whether key and certificate belong together, by trying, and TLS can use them: 0, or -1 and *why
 * (EX_CONFIG).
 */
int signer_match(const struct signer *s, struct failure *why);

/* What is to be said of certificates that serve all the same (leaf.h), or NULL. */
const char *signer_warning(const struct signer *s);

/* What can be read of the certificates. */
struct signer_facts {
	char names[1024]; /* domain names and addresses of the first, with commas; "" where it has
	                     none */
	char common[65];  /* common name of the first, or "" */
	unsigned n;       /* how many there are */
	long days;        /* until one of them expires; less than 0 where one has */
	bool expired, early; /* one of them is not valid any more, or not yet */
	bool ordered;        /* each is followed by the one that has issued it */
};

/* For --check alone, since it costs as much as a handshake.  0, or -1 and *why. */
int signer_look(const struct signer *s, struct signer_facts *f, struct failure *why);

/* Wipes the key. */
void signer_close(struct signer *s);

#endif
