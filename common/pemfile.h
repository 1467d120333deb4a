#ifndef INETLS_PEMFILE_H
#define INETLS_PEMFILE_H

/*
 * A PEM (RFC 7468) as both programs read it: the first private key and all certificates, whatever
 * stands around them, so that neither takes a file that the other refuses.
 *
 * A PEM is len bytes with a NUL behind them.  *why has no file name: EX_NOINPUT where nothing of
 * the kind is there, EX_CONFIG where it cannot be used, EX_OSERR.
 */

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

#define PEMFILE_CHAIN_MAX (64 * 1024) /* with a NUL */
#define PEMFILE_CERTIFICATES_MAX 16   /* GnuTLS's own limit */

/* The length of the key's block, and *key in pem where it begins; or -1. */
ssize_t pemfile_key(const char *pem, size_t len, const char **key, struct failure *why);

/*
 * The certificates alone, as PEM with a NUL: their length, and *chain for the caller to free; or
 * -1.  Both limits hold where there is a key: CA certificates may be any number.
 */
ssize_t pemfile_chain(const char *pem, size_t len, char **chain, struct failure *why);

/* Why GnuTLS refused what these gave, with this error: always -1. */
int pemfile_blame_key(const char *key, size_t len, int error, struct failure *why);
int pemfile_blame_chain(const char *chain, size_t len, int error, struct failure *why);

#endif
