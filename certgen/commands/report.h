#ifndef INETLS_REPORT_H
#define INETLS_REPORT_H

/* What a person reads before and after a certificate is made. */

#include <gnutls/x509.h>
#include <stdio.h>

#include "ca/ca.h"
#include "request/request.h"
#include "files/store.h"

/* The summary before the confirmation: names in both forms, subject, key, dates. */
void report_request(const struct request *request, FILE *out);

/*
 * On stdout: which files were written, what they hold, and the client's next command.  ca: NULL, or
 * the issuer.
 */
void report_written(const struct request *request, const struct store *store, const struct ca *ca,
    gnutls_x509_crt_t cert);

/*
 * The files of a client.  libpq: its directory, or NULL; p12: or NULL; then it is the PEM or the
 * pk8.
 */
void report_client(const char *const paths[3], const char *libpq, const char *p12,
    gnutls_x509_crt_t cert, const char *ca_crt);

/* The same for a renewed file. */
void report_renewed(const char *path, gnutls_x509_crt_t cert);

/* The same for a new CA in a directory, whose key is under a passphrase or not. */
void report_authority(const char *dir, gnutls_x509_crt_t cert, int locked);

#endif
