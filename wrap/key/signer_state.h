#ifndef INETLS_SIGNER_STATE_H
#define INETLS_SIGNER_STATE_H

/* What the files of signer share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "key/signable.h"

struct token;

struct signer {
	const char *path; /* of a file, or a pkcs11: URL */
	enum signable_role role;
	char *pem;
	const char *key_pem; /* where the key's block is in pem */
	char *chain;         /* the certificates alone */
	size_t len, key_len, chain_len;
	uint8_t p256[32];
	bool parsed, is_p256;
	void *key;           /* GnuTLS's handle, for every other kind of key, or NULL */
	struct token *token; /* where the key is, if it is in no file; else NULL */
	struct failure lost; /* the token failed, and must be opened anew; code 0 if it has not */
};

#endif
