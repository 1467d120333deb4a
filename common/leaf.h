#ifndef INETLS_LEAF_H
#define INETLS_LEAF_H

/* What a server's own certificate, the first of its PEM, must allow. */

#include <gnutls/x509.h>

/*
 * Why TLS cannot use a certificate whose dates and key are right: words that go on after "its", and
 * say how to mend it.  NULL where it can.
 */
const char *leaf_fault(gnutls_x509_crt_t leaf);

/*
 * What is said, after its file's name, of one that may sign others: it says CA:TRUE, or is silent
 * where clients take that for a yes.  NULL where it may not.
 */
const char *leaf_warning(gnutls_x509_crt_t leaf);

#endif
