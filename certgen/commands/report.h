#ifndef INETLS_REPORT_H
#define INETLS_REPORT_H

/* What the user reads before and after a certificate is made. */

#include <gnutls/x509.h>
#include <stdio.h>

#include "ca/ca.h"
#include "request/request.h"
#include "files/store.h"

struct order;

/* The summary before the confirmation: names in both spellings, subject, key, dates. */
void report_request(const struct request *request, FILE *out);

/*
 * Prints to stdout which files were written, what they hold, and the next command for the client.
 * ca: the issuer, or NULL.
 */
void report_written(const struct order *order, const struct store *store, const struct ca *ca,
    gnutls_x509_crt_t cert);

/*
 * The same for a client's files.  libpq: its directory, or NULL; p12: its path, or NULL.  If both
 * are NULL it is the PEM or the pk8.
 */
void report_client(const char *const paths[3], const char *libpq, const char *p12,
    gnutls_x509_crt_t cert, const char *ca_crt);

/* The same for a renewed file. */
void report_renewed(const char *path, gnutls_x509_crt_t cert, int new_key);

/* The same for a new CA in a directory; locked: its key is encrypted. */
void report_authority(const char *dir, gnutls_x509_crt_t cert, int locked);

#endif
