#ifndef INETLS_SUBJECT_H
#define INETLS_SUBJECT_H

/*
 * Writes a request into a certificate, as its subject and extensions.  All return 0 or GnuTLS's
 * error.
 */

#include <gnutls/x509.h>

#include "request/request.h"

#define SUBJECT_COMMON_MAX 64 /* X.520's ub-common-name */

/*
 * The request's common name: its own if it has one, else its first name, or "" if that cannot be
 * one.
 */
const char *subject_common(const struct request *request, char *buf, size_t size);

/* Distinguished name, subject alternative names, constraints, key usage and purpose. */
int subject_apply(gnutls_x509_crt_t cert, const struct request *request);

#endif
