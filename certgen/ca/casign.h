#ifndef INETLS_CASIGN_H
#define INETLS_CASIGN_H

/* Signs one certificate and records it. */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <time.h>

#include "ca/ca.h"
#include "ca/index.h"

struct casign {
	const struct ca *ca; /* unlocked; owned by the caller */
	struct index index;
	struct index_entry entry;                                /* what casign_record writes */
	char names[REQUEST_NAMES_MAX * (NAME_MAX_LEN + 1) + 16]; /* and a word before them */
};

/*
 * Between casign_begin and casign_end nobody else can sign, revoke or read the record.  0, or -1
 * and *why as from index_open.
 */
int casign_begin(struct casign *sign, const struct ca *ca, struct failure *why);
void casign_end(struct casign *sign);

/*
 * A certificate with a new serial, verified as its clients will.  The caller frees it, and must not
 * hand it out before casign_record has returned 0.  NULL and *why on failure.
 */
gnutls_x509_crt_t casign_issue(struct casign *sign, const struct request *request,
    gnutls_pubkey_t key, time_t now, struct failure *why);

/* The same with the contents of an older one; only the days are taken from the request. */
gnutls_x509_crt_t casign_renew(struct casign *sign, gnutls_x509_crt_t old, gnutls_pubkey_t key,
    const struct request *request, time_t now, struct failure *why);

/* Records what was signed last; a bundle's commit.  0, or -1 and *why. */
int casign_record(void *context, struct failure *why);

#endif
