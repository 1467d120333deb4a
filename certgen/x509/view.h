#ifndef INETLS_VIEW_H
#define INETLS_VIEW_H

/* What a certificate says, as text for people and machines. */

#include <gnutls/x509.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define VIEW_FINGERPRINT_MAX (32 * 3) /* "AB:CD:...", the NUL included */
#define VIEW_PIN_MAX 64               /* "sha256//" and the Base64 of 32 bytes */
#define VIEW_DATE_MAX 24              /* "2029-02-25" */

/* Both return buf, which is empty if GnuTLS cannot tell. */
const char *view_fingerprint(gnutls_x509_crt_t cert, char buf[VIEW_FINGERPRINT_MAX]);
const char *view_pin(gnutls_x509_crt_t cert, char buf[VIEW_PIN_MAX]);

/* The day in UTC, as ISO 8601 writes it. */
const char *view_date(time_t when, char buf[VIEW_DATE_MAX]);

/* Subject alternative name number i, from 0: 1 and its text, or 0 after the last one. */
int view_name(gnutls_x509_crt_t cert, unsigned i, char *buf, size_t size);

/* All names, separated by blanks, cut off at size; if it has none, the subject. */
const char *view_names(gnutls_x509_crt_t cert, char *buf, size_t size);

/*
 * The serial in hexadecimal, as a CA's record has it; cut off at size, empty if GnuTLS cannot tell.
 */
const char *view_serial(gnutls_x509_crt_t cert, char *buf, size_t size);

/* Whether it is for clients and not for servers. */
int view_is_client(gnutls_x509_crt_t cert);

/* Whole days from now until then; negative if that is past. */
long view_days_left(time_t end, time_t now);

/* Prints the lines that certgen ends with and show prints; untrusted text is escaped. */
void view_print(FILE *out, gnutls_x509_crt_t cert, time_t now);

#endif
