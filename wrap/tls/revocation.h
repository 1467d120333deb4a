#ifndef INETLS_REVOCATION_H
#define INETLS_REVOCATION_H

/*
 * The lists of --crl.  GnuTLS looks whether a certificate stands in one, and not whether the list
 * is still good: one that is out of date may lack what was revoked since, so that it turns
 * everybody of its CA away, as it does in OpenSSL.
 */

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

struct revocation;

/* The lists in a PEM.  NULL and *why. */
struct revocation *revocation_load(const char *path, struct failure *why);
void revocation_free(struct revocation *r); /* may be NULL */

/* Gives them to GnuTLS's credentials: 0, or -1 and *why. */
int revocation_apply(const struct revocation *r, void *credentials, struct failure *why);

/* Whether a certificate (gnutls_x509_crt_t) stands in one. */
bool revocation_has(const struct revocation *r, const void *crt);

/*
 * Whether there are lists by the CA that has issued this certificate (DER), and none of them is in
 * date; then text is "by CN=x expired on 2021-02-03", or "by CN=x is not valid before ...".
 */
bool revocation_is_over(
    const struct revocation *r, const unsigned char *der, size_t n, char *text, size_t size);

/*
 * The CA whose lists are the first to end: true where they have, and then text is as above; else it
 * is "by CN=x", and *days are left.
 */
bool revocation_first_end(const struct revocation *r, long *days, char *text, size_t size);

#endif
