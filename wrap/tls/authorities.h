#ifndef INETLS_AUTHORITIES_H
#define INETLS_AUTHORITIES_H

/*
 * The CA certificates of -A and -a.  GnuTLS would read a device or a FIFO at such a path, and so
 * take all memory or wait for ever; here only regular files up to a limit are read.
 */

#include "failure.h"

/* four times a bundle of all public CAs */
#define AUTHORITIES_MAX (4 * 1024 * 1024)

/*
 * Gives the CAs in the file to GnuTLS's credentials; "system" means those of this machine.  0, or
 * -1 and *why (EX_CONFIG), also if there is none.
 */
int authorities_add_file(void *credentials, const char *path, struct failure *why);

/*
 * The same with all files of the directory; those that cannot be read or hold no certificate are
 * left out.
 */
int authorities_add_directory(void *credentials, const char *path, struct failure *why);

#endif
