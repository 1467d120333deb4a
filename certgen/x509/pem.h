#ifndef INETLS_PEM_H
#define INETLS_PEM_H

/* The text of FILE.pem: a comment that says what it is, the key, the certificate. */

#include <gnutls/x509.h>

#include "failure.h"

struct key;

/*
 * The whole text, ended by a NUL; the caller wipes it with file_wipe.  chain: the certificates
 * between this one and the root, in that order; self-signed ones are left out.  NULL and *why:
 * EX_SOFTWARE, EX_OSERR.
 */
char *pem_join(const struct key *key, gnutls_x509_crt_t cert, gnutls_x509_crt_t *chain, int count,
    struct failure *why);

/* A key alone, while another CA's answer is awaited; its comment says so. */
char *pem_key(const struct key *key, const char *answer, struct failure *why);

/* Certificates alone, without self-signed ones; the caller frees the text.  NULL and *why. */
char *pem_chain(gnutls_x509_crt_t *certs, int count, struct failure *why);

/*
 * Reads the text as a server would: 0 if key and certificate match, else -1 and *why: EX_SOFTWARE.
 * key is the one that it was made with: one in a token is not opened again.
 */
int pem_check(const char *pem, const struct key *key, struct failure *why);

#endif
