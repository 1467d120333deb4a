#ifndef INETLS_VALIDITY_H
#define INETLS_VALIDITY_H

/* Whether a certificate is valid today, in words for a log line. */

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <gnutls/x509.h>

/*
 * True if it is not: then text continues a sentence after a name, as in "expired on 2021-02-03" or
 * "is not valid before 2045-06-07", and *early says which of the two.
 */
bool validity_is_over(gnutls_x509_crt_t crt, char *text, size_t size, bool *early);

/* The date of a time, as 2021-02-03, in UTC. */
void validity_day(time_t when, char out[16]);

#endif
