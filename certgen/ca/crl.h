#ifndef INETLS_CRL_H
#define INETLS_CRL_H

/* Lists of revoked certificates (RFC 5280, section 5): makes the CA's list from its record. */

#include <gnutls/x509.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "ca/ca.h"

/* A monthly job has three tries before the list expires, and check does not warn of a new list. */
#define CRL_DAYS 90

/*
 * Writes DIR/crl.pem with all that the record says was revoked; the list's number is recorded
 * first.  0, or -1 and *why with the old list unchanged.
 */
int crl_write(const struct ca *ca, long days, time_t now, struct failure *why);

/*
 * Loads the list in a PEM: 1 and *crl, which the caller frees; 0 if there is none; -1 and *why
 * (EX_DATAERR).
 */
int crl_load(const char *pem, size_t len, gnutls_x509_crl_t *crl, struct failure *why);

/* Prints who signed the list, its number and dates, and each revoked serial with its day. */
void crl_print(FILE *out, gnutls_x509_crl_t crl);

#endif
