#ifndef INETLS_CONSTRAINT_H
#define INETLS_CONSTRAINT_H

/*
 * What a CA may sign for (RFC 5280, 4.2.1.10): domains, each with all that is below it, and ranges
 * of addresses.  What is not named is excluded, so that a stolen CA can pose as nobody else.
 */

#include <gnutls/x509.h>
#include <stddef.h>

#include "failure.h"
#include "request/name.h"
#include "request/request.h"

/* Writes the request's names as constraints into a CA's certificate.  0, or GnuTLS's error. */
int constraint_apply(gnutls_x509_crt_t cert, const struct request *request);

/* Whether the CA's certificate lets it sign for that name. */
int constraint_permits(gnutls_x509_crt_t ca, const struct name *name);

/*
 * Whether OpenSSL would take that common name for a domain (it has a dot, and nothing that a domain
 * has not) and refuse it under this CA, as it does where a certificate has no domain among its
 * alternative names.
 */
int constraint_misreads(gnutls_x509_crt_t ca, const char *common);

/*
 * What it permits, with blanks between, cut off at size: "example.org 10.0.0.0/8"; "" where it is
 * free.
 */
const char *constraint_text(gnutls_x509_crt_t ca, char *buf, size_t size);

#endif
