#ifndef INETLS_PEMFILE_H
#define INETLS_PEMFILE_H

/*
 * How both programs read a PEM (RFC 7468): the first private key and all certificates, whatever
 * stands around them.  So neither program accepts a file that the other refuses.
 *
 * A PEM is len bytes with a NUL after them.  *why does not name the file: EX_NOINPUT if nothing of
 * the kind is there, EX_CONFIG if it cannot be used, EX_OSERR.
 */

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

#define PEMFILE_CHAIN_MAX (64 * 1024) /* with its NUL */
#define PEMFILE_CERTIFICATES_MAX 16   /* GnuTLS's own limit */

/* The length of the key's block, and its beginning in *key (a pointer into pem); or -1. */
ssize_t pemfile_key(const char *pem, size_t len, const char **key, struct failure *why);

/*
 * The certificates alone, as PEM with a NUL: their length, and *chain for the caller to free; or
 * -1.  The two limits apply only if there is a key: there may be any number of CA certificates.
 */
ssize_t pemfile_chain(const char *pem, size_t len, char **chain, struct failure *why);

/* Explains GnuTLS's error for what the two functions above returned: always -1. */
int pemfile_blame_key(const char *key, size_t len, int error, struct failure *why);
int pemfile_blame_chain(const char *chain, size_t len, int error, struct failure *why);

#endif
