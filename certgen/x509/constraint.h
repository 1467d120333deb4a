#ifndef INETLS_CONSTRAINT_H
#define INETLS_CONSTRAINT_H

/*
 * What a CA may sign for (RFC 5280, 4.2.1.10): domains, each with everything below it, and ranges
 * of addresses.  Everything else is excluded, so that a stolen CA can impersonate no other server.
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
 * Whether OpenSSL would take that common name for a domain (it has a dot, and only characters that
 * domains have) and refuse it under this CA.  OpenSSL does so if a certificate has no domain among
 * its alternative names.
 */
int constraint_misreads(gnutls_x509_crt_t ca, const char *common);

/*
 * What it permits, separated by blanks, cut off at size: "example.org 10.0.0.0/8"; "" if it has no
 * constraints.
 */
const char *constraint_text(gnutls_x509_crt_t ca, char *buf, size_t size);

#endif
