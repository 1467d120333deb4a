#ifndef INETLS_REPORT_H
#define INETLS_REPORT_H

/* What a person reads before and after a certificate is made. */

#include <gnutls/x509.h>
#include <stdio.h>

#include "request.h"
#include "store.h"

/* The summary before the confirmation: names in both forms, subject, key, dates. */
void report_request(const struct request *request, FILE *out);

/* On stdout: which files were written, what they hold, and the client's next command. */
void report_written(
    const struct request *request, const struct store *store, gnutls_x509_crt_t cert);

#endif
