#ifndef INETLS_REVOCATION_H
#define INETLS_REVOCATION_H

/*
 * The lists of --crl.  GnuTLS checks whether a certificate is in a list, but not whether the list
 * has expired.  An expired list may lack newer revocations, so all certificates of its CA are
 * refused, as OpenSSL does.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

struct revocation;

/* Loads the lists in a PEM.  NULL and *why on failure. */
struct revocation *revocation_load(const char *path, struct failure *why);
void revocation_free(struct revocation *r); /* r may be NULL */

/* Gives the lists to GnuTLS's credentials: 0, or -1 and *why. */
int revocation_apply(const struct revocation *r, void *credentials, struct failure *why);

/* Whether a certificate (gnutls_x509_crt_t) is in one of the lists. */
bool revocation_has(const struct revocation *r, const void *crt);

/*
 * Whether the CA that issued this certificate (DER) has lists, but none that is valid now.  Then
 * text is "by CN=x expired on 2021-02-03", or "by CN=x is not valid before ...".
 */
bool revocation_is_over(
    const struct revocation *r, const unsigned char *der, size_t n, char *text, size_t size);

/*
 * Finds the CA whose lists expire first.  True if they have expired; then text is as above.
 * Otherwise text is "by CN=x", and *days are left.
 */
bool revocation_first_end(const struct revocation *r, long *days, char *text, size_t size);

#endif
