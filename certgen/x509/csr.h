#ifndef INETLS_CSR_H
#define INETLS_CSR_H

/*
 * Certificate signing requests (PKCS#10, RFC 2986): making one, and reading the parts of one that
 * may be signed.
 */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stddef.h>

#include "failure.h"
#include "request/request.h"

struct key;

/*
 * The PEM of a request for a server, ended by a NUL; the caller frees it.  NULL and *why:
 * EX_SOFTWARE.
 */
char *csr_make(const struct request *request, const struct key *key, struct failure *why);

/* What a request asks for; only what was checked is taken over. */
struct csr {
	gnutls_pubkey_t key;
	int left_out; /* it asked for more: names of other kinds, or other extensions */
};

/*
 * Reads a PEM and checks that the sender has the key.  The common name and, for a server, domains
 * and addresses are copied to the request, each validated as if it had been typed; nothing else
 * is.  0, with csr->key for gnutls_pubkey_deinit, or -1 and *why: EX_DATAERR.
 */
int csr_read(
    const char *pem, size_t len, struct request *request, struct csr *csr, struct failure *why);

#endif
