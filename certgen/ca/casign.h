#ifndef INETLS_CASIGN_H
#define INETLS_CASIGN_H

/* One signature of a CA, and its record. */

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <time.h>

#include "ca/ca.h"
#include "ca/index.h"

struct casign {
	const struct ca *ca; /* unlocked; the caller's */
	struct index index;
	struct index_entry entry; /* what casign_record writes */
	char names[4096];
};

/*
 * From the first to the last of these nobody else signs, revokes, or reads the record.  0, or -1
 * and *why as from index_open.
 */
int casign_begin(struct casign *sign, const struct ca *ca, struct failure *why);
void casign_end(struct casign *sign);

/*
 * A certificate of a serial that the record does not have, verified as its clients will.  The
 * caller frees it; it must not leave the program before casign_record has returned 0.  NULL and
 * *why.
 */
gnutls_x509_crt_t casign_issue(struct casign *sign, const struct request *request,
    gnutls_pubkey_t key, time_t now, struct failure *why);

/* The same for what an older one says; only the days are taken from the request. */
gnutls_x509_crt_t casign_renew(struct casign *sign, gnutls_x509_crt_t old, gnutls_pubkey_t key,
    const struct request *request, time_t now, struct failure *why);

/* Writes down what was signed last; a bundle's commit.  0, or -1 and *why. */
int casign_record(void *context, struct failure *why);

#endif
