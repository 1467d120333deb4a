/*
 * Renewal.  Serial and dates change, and what names the key of a self-signed certificate; pins,
 * --peer-name and trust in the CA remain valid.
 */

#include "commands/renew.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/casign.h"
#include "x509/cert.h"
#include "file.h"
#include "commands/issue.h"
#include "x509/key.h"
#include "files/pair.h"
#include "x509/pem.h"
#include "commands/report.h"
#include "dialogue/say.h"
#include "files/store.h"
#include "x509/view.h"

#define DAY (24L * 3600)

/* What the file holds, and what is made from it. */
struct renewal {
	struct order *order;
	struct store store;
	struct pair old;        /* its key is used again */
	struct ca ca;           /* not open if the certificate is self-signed */
	gnutls_x509_crt_t cert; /* the new one */
};

static int
is_due(const struct renewal *renewal)
{
	time_t end = gnutls_x509_crt_get_expiration_time(renewal->old.certs[0]);

	return renewal->order->before == -1 ||
	    view_days_left(end, renewal->order->now) < renewal->order->before;
}

/* Takes as many days as the old one had, unless --days is given. */
static void
choose_days(struct renewal *renewal)
{
	gnutls_x509_crt_t old = renewal->old.certs[0];
	long span = (long)(gnutls_x509_crt_get_expiration_time(old) -
	    gnutls_x509_crt_get_activation_time(old));
	struct request *request = &renewal->order->request;

	if (renewal->order->days_given)
		return;
	/*
	 * cert_validity begins one day early, so the span is one day longer; at Apple's limit that
	 * day is one of the days.
	 */
	request->days = span == REQUEST_DAYS * DAY ? REQUEST_DAYS : span / DAY - 1;
	if (request->days < 1)
		request->days = 1;
}

static gnutls_x509_crt_t
renew_self_signed(struct renewal *renewal, gnutls_pubkey_t public, struct failure *why)
{
	const struct cert_issuer itself = { NULL, &renewal->old.key };
	struct cert_terms terms;

	if (cert_terms_init(&terms, &renewal->order->request, renewal->order->now, why) == -1)
		return NULL;
	return cert_renew(renewal->old.certs[0], public, &itself, &terms, why);
}

static int
check_record(const struct renewal *renewal, const struct casign *sign, struct failure *why)
{
	char serial[INDEX_SERIAL_MAX];

	(void)view_serial(renewal->old.certs[0], serial, sizeof(serial));
	if (!index_issued(&sign->index, serial))
		return failure_set(why, EX_DATAERR, "%s: %s has no record of it",
		    renewal->store.pem_path, sign->index.path);
	if (index_revoked(&sign->index, serial))
		return failure_set(why, EX_DATAERR,
		    "%s was revoked and is not renewed: issue a new one", renewal->store.pem_path);
	return 0;
}

static int
write_renewed(struct renewal *renewal, struct failure *why)
{
	char *crt = cert_pem(renewal->cert, why), *pem = NULL;
	int r = -1;

	if (crt != NULL)
		pem = pem_join(
		    &renewal->old.key, renewal->cert, renewal->ca.certs, renewal->ca.count, why);
	if (pem != NULL && pem_check(pem, &renewal->old.key, why) == 0)
		r = store_write(&renewal->store, pem, crt, why);
	file_wipe(pem, pem == NULL ? 0 : strlen(pem));
	free(crt);
	return r;
}

static int
sign_and_write(struct renewal *renewal, gnutls_pubkey_t public, struct failure *why)
{
	struct casign sign;
	int r = -1;

	if (renewal->ca.certs == NULL) {
		renewal->cert = renew_self_signed(renewal, public, why);
		return renewal->cert == NULL ? -1 : write_renewed(renewal, why);
	}
	if (casign_begin(&sign, &renewal->ca, why) == -1)
		return -1;
	renewal->store.commit = casign_record;
	renewal->store.context = &sign;
	if (check_record(renewal, &sign, why) == 0 &&
	    (renewal->cert = casign_renew(&sign, renewal->old.certs[0], public,
		 &renewal->order->request, renewal->order->now, why)) != NULL)
		r = write_renewed(renewal, why);
	renewal->store.context = NULL;
	casign_end(&sign);
	return r;
}

/* Opens the CA, which must be the certificate's issuer. */
static int
open_issuer(struct renewal *renewal, struct failure *why)
{
	gnutls_x509_crt_t old = renewal->old.certs[0];
	const char *path = renewal->store.pem_path;
	unsigned status = 0;

	if (gnutls_x509_crt_check_issuer(old, old)) {
		if (renewal->order->ca == NULL)
			return 0;
		return failure_set(why, EX_USAGE, "%s is self-signed: renew it without --ca", path);
	}
	if (renewal->order->ca == NULL) {
		char issuer[256];
		size_t len = sizeof(issuer);

		if (gnutls_x509_crt_get_issuer_dn(old, issuer, &len) < 0)
			*issuer = '\0';
		return failure_set(
		    why, EX_USAGE, "%s was issued by %s: renew it with --ca DIR", path, issuer);
	}
	if (issue_open_ca(renewal->order, &renewal->ca, why) == -1)
		return -1;
	if (gnutls_x509_crt_verify(
		old, renewal->ca.certs, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) < 0 ||
	    (status & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNATURE_FAILURE)) != 0)
		return failure_set(
		    why, EX_DATAERR, "%s was not issued by the CA in %s", path, renewal->order->ca);
	return 0;
}

static int
replace_key(struct renewal *renewal, struct failure *why)
{
	struct key key;

	if (!renewal->order->new_key)
		return 0;
	if (renewal->old.key.token != NULL)
		return failure_set(why, EX_USAGE,
		    "%s: its key is in a token: make the new one there, then: inetls-certgen --force --key "
		    "URL %s NAME...",
		    renewal->store.pem_path, renewal->store.pem_path);
	if (key_make(&key, key_kind_of(&renewal->old.key), why) == -1)
		return -1;
	key_free(&renewal->old.key);
	renewal->old.key = key;
	return 0;
}

/* 0 if renewed, 1 if not due yet, -1 and *why. */
static int
renew(struct renewal *renewal, const char *path, struct failure *why)
{
	gnutls_pubkey_t public;
	int r;

	if (store_init(&renewal->store, path, 1, why) == -1 ||
	    pair_load(&renewal->old, path, why) == -1)
		return -1;
	renewal->store.was = &renewal->old.was;
	/* A wrong CA is found today, and not when hardly any days are left. */
	if (!is_due(renewal))
		return renewal->order->ca != NULL && open_issuer(renewal, why) == -1 ? -1 : 1;
	choose_days(renewal);
	if (open_issuer(renewal, why) == -1 || replace_key(renewal, why) == -1 ||
	    store_vacant(&renewal->store, why) == -1 ||
	    (public = key_public(&renewal->old.key, why)) == NULL)
		return -1;
	r = sign_and_write(renewal, public, why);
	gnutls_pubkey_deinit(public);
	return r;
}

static int
renew_one(struct order *order, const char *path)
{
	struct renewal renewal;
	struct failure why;
	int r;

	memset(&renewal, 0, sizeof(renewal));
	renewal.order = order;
	if ((r = renew(&renewal, path, &why)) == 0 && !order->quiet)
		report_renewed(path, renewal.cert, order->new_key);
	gnutls_x509_crt_deinit(renewal.cert);
	pair_free(&renewal.old);
	ca_close(&renewal.ca);
	return r == -1 ? say_failure(&why) : EX_OK;
}

static int
carry_out(struct order *order)
{
	int code = EX_OK, r;

	if (order->word_count == 0)
		return say_usage(
		    "renew: which FILE? inetls-certgen renew [--before 30] FILE...; see --help");
	/* If one fails, still renew the others. */
	for (int i = 0; i < order->word_count; i++)
		if ((r = renew_one(order, order->words[i])) != EX_OK && code == EX_OK)
			code = r;
	return code;
}

int
renew_files(int argc, char *argv[])
{
	return issue_run(ORDER_RENEW, REQUEST_SERVER, carry_out, argc, argv);
}
