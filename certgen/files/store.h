#ifndef INETLS_STORE_H
#define INETLS_STORE_H

/*
 * The pair on disk: FILE.pem, which holds the key, and FILE.crt beside it for the clients.  At no
 * instant, whatever happens, does the .crt hold another certificate than the PEM: at worst one of
 * them is missing.
 */

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

#include "failure.h"

struct store {
	const char *pem_path; /* the caller's */
	char crt_path[PATH_MAX];
	int force; /* an existing pair gives way */
	const struct stat
	    *was; /* whose owner the new PEM has; NULL: that of the file it replaces */
	int (*commit)(void *context, struct failure *why); /* as bundle.h says; NULL at first */
	void *context;
};

/* 0, or -1 and *why (EX_CANTCREAT) where the path is too long. */
int store_init(struct store *store, const char *pem_path, int force, struct failure *why);

/*
 * Whether the pair may be written: looked at before questions are asked, and again by store_write.
 * 0, or -1 and *why: EX_CANTCREAT where something is there (and how to mend it), or EX_NOPERM and
 * others.
 */
int store_vacant(const struct store *store, struct failure *why);

/*
 * Writes both, NUL-terminated: the PEM with 0600, the .crt with 0644.  0, or -1 and *why, with the
 * PEM as it was.  Of several at once exactly one wins.  Where force is set and root runs this, the
 * new PEM has the old one's owner.
 */
int store_write(const struct store *store, const char *pem, const char *crt, struct failure *why);

#endif
