/* revoke and crl: what was signed is taken back, and those who verify are told. */

#include "revoke.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ca.h"
#include "casign.h"
#include "cert.h"
#include "crl.h"
#include "file.h"
#include "issue.h"
#include "say.h"
#include "view.h"

static int
write_crl(const struct order *order, const struct ca *ca, struct failure *why)
{
	char path[PATH_MAX];

	if (crl_write(ca, order->days_given ? order->request.days : CRL_DAYS, order->now, why) ==
	    -1)
		return -1;
	if (!order->quiet)
		(void)printf(
		    "wrote %s  the list of revoked certificates: servers and clients get this one\n",
		    ca_path(ca, "crl.pem", path));
	return 0;
}

/* Hexadecimal digits, as OpenSSL shows them with colons or without. */
static int
is_serial(const char *word, char serial[INDEX_SERIAL_MAX])
{
	size_t used = 0;

	for (; *word != '\0' && used + 1 < INDEX_SERIAL_MAX; word++)
		if (isxdigit((unsigned char)*word))
			serial[used++] = (char)toupper((unsigned char)*word);
		else if (*word != ':')
			return 0;
	serial[used] = '\0';
	return used > 0 && *word == '\0';
}

/* The serial that a word is, or that of the certificate in a file that it names. */
static int
find_serial(
    const struct ca *ca, const char *word, char serial[INDEX_SERIAL_MAX], struct failure *why)
{
	gnutls_x509_crt_t *certs;
	char *pem = NULL;
	size_t len = strlen(word);
	int count;

	if (is_serial(word, serial))
		return 0;
	if (file_read(word, FILE_PEM_MAX, &pem, &len, why) == -1)
		return -1;
	count = cert_load(pem, len, &certs, why);
	file_wipe(pem, len);
	if (count == -1)
		return -1;
	(void)view_serial(certs[0], serial, INDEX_SERIAL_MAX);
	if (!gnutls_x509_crt_check_issuer(certs[0], ca->certs[0]))
		count = failure_set(why, EX_DATAERR, "%s was not issued by this CA", word);
	cert_free(certs, count == -1 ? 1 : count);
	return count == -1 ? -1 : 0;
}

/*
 * Who revokes because a key was lost must know of older certificates for it that are still valid.
 */
static void
say_others(const struct order *order, const struct index *index, const char *serial)
{
	struct index_entry entry, revoked = { .rest = NULL };
	size_t at = 0;

	while (index_next(index, &at, &entry))
		if (entry.event == INDEX_ISSUED && strcmp(entry.serial, serial) == 0)
			revoked = entry;
	for (at = 0; revoked.rest != NULL && index_next(index, &at, &entry);)
		if (entry.event == INDEX_ISSUED && strcmp(entry.serial, serial) != 0 &&
		    entry.expires > order->now && entry.rest_len == revoked.rest_len &&
		    memcmp(entry.rest, revoked.rest, entry.rest_len) == 0 &&
		    !index_revoked(index, entry.serial))
			say("note: %s was issued for the same and is still valid", entry.serial);
}

static int
record_revocation(
    const struct order *order, const struct ca *ca, const char *serial, struct failure *why)
{
	struct index_entry entry = { .event = INDEX_REVOKED, .when = order->now };
	struct casign sign;
	int r;

	(void)snprintf(entry.serial, sizeof(entry.serial), "%s", serial);
	if (casign_begin(&sign, ca, why) == -1)
		return -1;
	if (!index_issued(&sign.index, serial))
		r = failure_set(why, EX_DATAERR, "%s: no certificate of the serial %s was issued",
		    ca->dir, serial);
	else if (index_revoked(&sign.index, serial))
		r = failure_set(why, EX_DATAERR,
		    "%s is revoked already; a new list: inetls-certgen crl --ca %s", serial,
		    ca->dir);
	else
		r = index_append(&sign.index, &entry, why);
	if (r == 0 && !order->quiet) {
		(void)printf("revoked %s\n", serial);
		say_others(order, &sign.index, serial);
	}
	casign_end(&sign);
	return r;
}

/* Both need the CA's key and are over with the list. */
static int
open_ca(struct order *order, struct ca *ca, struct failure *why)
{
	const struct ca_secret secret = order_secret(order);

	if (ca_open(ca, order->ca, why) == -1)
		return -1;
	return ca_unlock(ca, &secret, why);
}

static int
carry_out_revoke(struct order *order)
{
	char serial[INDEX_SERIAL_MAX];
	struct ca ca;
	struct failure why;
	int r;

	if (order->ca == NULL || order->word_count != 1)
		return say_usage(
		    "revoke: inetls-certgen revoke --ca DIR SERIAL, or the FILE of the certificate");
	memset(&ca, 0, sizeof(ca));
	if ((r = open_ca(order, &ca, &why)) == 0 &&
	    (r = find_serial(&ca, order->words[0], serial, &why)) == 0 &&
	    (r = record_revocation(order, &ca, serial, &why)) == 0)
		r = write_crl(order, &ca, &why);
	ca_close(&ca);
	return r == -1 ? say_failure(&why) : EX_OK;
}

int
revoke_one(int argc, char *argv[])
{
	return issue_run(ORDER_REVOKE, REQUEST_AUTHORITY, carry_out_revoke, argc, argv);
}

static int
carry_out_crl(struct order *order)
{
	struct ca ca;
	struct failure why;
	int r;

	if (order->ca == NULL || order->word_count != 0)
		return say_usage("crl: inetls-certgen crl --ca DIR [--days %d]", CRL_DAYS);
	memset(&ca, 0, sizeof(ca));
	if ((r = open_ca(order, &ca, &why)) == 0)
		r = write_crl(order, &ca, &why);
	ca_close(&ca);
	return r == -1 ? say_failure(&why) : EX_OK;
}

int
revoke_list(int argc, char *argv[])
{
	return issue_run(ORDER_CRL, REQUEST_AUTHORITY, carry_out_crl, argc, argv);
}
