#ifndef INETLS_CSR_H
#define INETLS_CSR_H

/*
 * Certificate signing requests (PKCS#10, RFC 2986): making one, and taking from one what may be
 * signed.
 */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stddef.h>

#include "failure.h"
#include "request/request.h"

/*
 * The PEM of a request for a server, ended by a NUL; the caller frees it.  NULL and *why:
 * EX_SOFTWARE.
 */
char *csr_make(const struct request *request, gnutls_x509_privkey_t key, struct failure *why);

/* What a request asks for, of which nothing is taken over that is not looked at. */
struct csr {
	gnutls_pubkey_t key;
	int left_out; /* it wanted more: names of other kinds, or other extensions */
};

/*
 * Reads a PEM and checks that whoever made it has the key.  Its common name and, for a server, its
 * domains and addresses go into the request, each validated as if it had been typed; nothing else
 * does.  0, with csr->key for gnutls_pubkey_deinit, or -1 and *why: EX_DATAERR.
 */
int csr_read(
    const char *pem, size_t len, struct request *request, struct csr *csr, struct failure *why);

#endif
