#ifndef INETLS_SIGNER_H
#define INETLS_SIGNER_H

/*
 * A PEM in memory: it gives out its certificates and signs with its key.  It runs in the keyholder
 * (keyholder.h) and, for --check, in a process that no network reaches.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "pemfile.h"
#include "key/signer_state.h"

#define SIGNER_CHAIN_MAX PEMFILE_CHAIN_MAX
#define SIGNER_SIGNATURE_MAX 1024 /* RSA of 8192 bits */

/*
 * Reads the file and finds its key and certificates (pemfile.h).  Where the file has a pkcs11: URL
 * instead of a key, or path is one, the token is opened, and the key found in it (token.h); without
 * a file the certificates come from there too.  0, or -1 and *why: EX_NOINPUT, EX_NOPERM,
 * EX_CONFIG.
 */
int signer_open(struct signer *s, const char *path, enum signable_role role, struct failure *why);

/*
 * Copies the certificates as PEM to out, which has SIGNER_CHAIN_MAX bytes.  Returns their length;
 * the NUL at the end is not counted.
 */
ssize_t signer_chain(const struct signer *s, char *out);

/*
 * Signs data, or a hash, if a handshake of that role may sign it (signable.h); algorithm and flags
 * are GnuTLS's.  The signature's length in out, of SIGNER_SIGNATURE_MAX bytes, or -1 and *why.
 */
ssize_t signer_sign(struct signer *s, bool is_hash, unsigned algorithm, unsigned flags,
    const void *data, size_t n, void *out, struct failure *why);

/*
 * Tries whether key and certificate belong together and TLS can use them: 0, or -1 and *why
 * (EX_CONFIG).
 */
int signer_match(const struct signer *s, struct failure *why);

/*
 * A warning about certificates that can be used all the same (leaf.h, strength.h): true and its
 * text, to print after the file's name; false if there is none.
 */
bool signer_warning(const struct signer *s, char *text, size_t size);

/* What --check reports of the certificates. */
struct signer_facts {
	char names[1024];    /* domain names and addresses of the first, with commas; "" if none */
	char common[65];     /* common name of the first, or "" */
	unsigned n;          /* how many there are */
	long days;           /* until the first of them expires; less than 0 if one has expired */
	bool expired, early; /* one of them has expired, or is not valid yet */
	bool ordered;        /* each is followed by its issuer */
};

/*
 * Reads the certificates' facts.  For --check only, since it costs as much as a handshake.  0, or
 * -1 and *why.
 */
int signer_look(const struct signer *s, struct signer_facts *f, struct failure *why);

/* Wipes the key. */
void signer_close(struct signer *s);

#endif
