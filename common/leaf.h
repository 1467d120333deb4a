#ifndef INETLS_LEAF_H
#define INETLS_LEAF_H

/* What a server's own certificate, the first in its PEM, must allow. */

#include <gnutls/x509.h>

/*
 * Why TLS cannot use a certificate though its dates and key are right: text that continues "its
 * ..." and says how to mend it.  NULL if TLS can.
 */
const char *leaf_fault(gnutls_x509_crt_t leaf);

/*
 * A warning, to print after the file's name, about a certificate that may sign others: it says
 * CA:TRUE, or does not say CA:FALSE and clients take that for a CA.  NULL if it may not.
 */
const char *leaf_warning(gnutls_x509_crt_t leaf);

#endif
