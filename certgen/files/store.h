#ifndef INETLS_STORE_H
#define INETLS_STORE_H

/*
 * The pair on disk: FILE.pem, which holds the key, and FILE.crt beside it for the clients.  At no
 * moment, whatever happens, does the .crt hold another certificate than the PEM: at worst one of
 * the files is missing.
 */

#include <limits.h>
#include <stddef.h>
#include <sys/stat.h>

#include "failure.h"

struct store {
	const char *pem_path; /* owned by the caller */
	char crt_path[PATH_MAX];
	int force; /* replace an existing pair */
	/* the owner that the new PEM gets; NULL: that of the file it replaces */
	const struct stat *was;
	int (*commit)(void *context, struct failure *why); /* see bundle.h; NULL at first */
	void *context;
};

/* 0, or -1 and *why (EX_CANTCREAT) if the path is too long. */
int store_init(struct store *store, const char *pem_path, int force, struct failure *why);

/*
 * Whether the pair may be written; checked before questions are asked, and again by store_write.
 * 0, or -1 and *why: EX_CANTCREAT if something is there (with how to mend it), EX_NOPERM and
 * others.
 */
int store_vacant(const struct store *store, struct failure *why);

/*
 * Writes both texts (NUL-terminated): the PEM with mode 0600, the .crt with 0644.  0, or -1 and
 * *why as from bundle_write.  If several processes do this at once, exactly one succeeds.  With
 * force and as root, the new PEM gets the old one's owner.
 */
int store_write(const struct store *store, const char *pem, const char *crt, struct failure *why);

#endif
