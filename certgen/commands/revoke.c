/* revoke and crl: revoke a certificate, and make the list that tells those who verify. */

#include "commands/revoke.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/ca.h"
#include "ca/casign.h"
#include "x509/cert.h"
#include "ca/crl.h"
#include "file.h"
#include "commands/issue.h"
#include "dialogue/say.h"
#include "x509/view.h"

static int
write_crl(const struct order *order, const struct ca *ca, struct failure *why)
{
	char path[PATH_MAX];

	if (crl_write(ca, order->days_given ? order->request.days : CRL_DAYS, order->now, why) ==
	    -1)
		return -1;
	if (!order->quiet)
		(void)printf("wrote %s  the list of revoked certificates: give this to servers and "
			     "clients\n",
		    ca_path(ca, "crl.pem", path));
	return 0;
}

/* Parses hexadecimal digits as OpenSSL shows them, with or without colons. */
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

static int
serial_of_file(
    const struct ca *ca, const char *word, char serial[INDEX_SERIAL_MAX], struct failure *why)
{
	gnutls_x509_crt_t *certs;
	char *pem = NULL;
	size_t len = 0;
	int count, r = 0;

	if (file_read(word, FILE_PEM_MAX, &pem, &len, why) == -1)
		return -1;
	count = cert_load(pem, len, &certs, why);
	file_wipe(pem, len);
	if (count == -1)
		return -1;
	(void)view_serial(certs[0], serial, INDEX_SERIAL_MAX);
	if (!gnutls_x509_crt_check_issuer(certs[0], ca->certs[0]))
		r = failure_set(why, EX_DATAERR, "%s was not issued by this CA", word);
	cert_free(certs, count);
	return r;
}

/* Whether the word is one of an entry's names; a user's "CN=bob" counts too. */
static int
is_for(const struct index_entry *entry, const char *word)
{
	static const char between[] = " \t,";
	size_t len = strlen(word);

	for (size_t at = 0; at + len <= entry->rest_len; at++) {
		const char *name = entry->rest + at;

		if (memcmp(name, word, len) == 0 &&
		    (at + len == entry->rest_len || strchr(between, name[len]) != NULL) && at > 0 &&
		    (strchr(between, name[-1]) != NULL ||
			(at > 3 && memcmp(name - 3, "CN=", 3) == 0)))
			return 1;
	}
	return 0;
}

/*
 * The word is a name and not a serial.  Several certificates may have it, so show the newest that
 * is valid.
 */
static int
say_unknown(const struct ca *ca, const struct index *index, const char *word, struct failure *why)
{
	struct index_entry entry;
	char serial[INDEX_SERIAL_MAX];
	size_t at = 0;

	*serial = '\0';
	while (index_next(index, &at, &entry))
		if (entry.event == INDEX_ISSUED && is_for(&entry, word) &&
		    !index_revoked(index, entry.serial))
			(void)snprintf(serial, sizeof(serial), "%s", entry.serial);
	if (*serial != '\0')
		return failure_set(why, EX_NOINPUT,
		    "'%.80s' is neither a serial nor a file; to give its certificate: "
		    "inetls-certgen revoke --ca %.200s %s",
		    word, ca->dir, serial);
	if (is_serial(word, serial) && strpbrk(word, "0123456789") != NULL)
		return failure_set(why, EX_DATAERR,
		    "%.200s: no certificate with the serial %s was issued", ca->dir, serial);
	return failure_set(why, EX_NOINPUT,
	    "'%.80s' is neither a serial nor a file; %.200s has the serials of what "
	    "was issued",
	    word, index->path);
}

/* The serial that the word is, or that of the certificate in the file that it names. */
static int
find_serial(const struct ca *ca, const struct index *index, const char *word,
    char serial[INDEX_SERIAL_MAX], struct failure *why)
{
	if (is_serial(word, serial) && index_issued(index, serial))
		return 0;
	if (access(word, F_OK) == 0)
		return serial_of_file(ca, word, serial, why);
	return say_unknown(ca, index, word, why);
}

/* If a key was lost, older certificates of the same name may still be valid: say so. */
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
			say("note: %s was issued for the same name and is still valid",
			    entry.serial);
}

static int
record_revocation(
    const struct order *order, const struct ca *ca, const char *word, struct failure *why)
{
	struct index_entry entry = { .event = INDEX_REVOKED, .when = order->now };
	const char *serial = entry.serial;
	struct casign sign;
	int r;

	if (casign_begin(&sign, ca, why) == -1)
		return -1;
	if (find_serial(ca, &sign.index, word, entry.serial, why) == -1)
		r = -1;
	else if (!index_issued(&sign.index, serial))
		r = failure_set(why, EX_DATAERR, "%s: no certificate with the serial %s was issued",
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

/* Opens the CA and its key, which signs the new list of both subcommands. */
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
	struct ca ca;
	struct failure why;
	int r;

	if (order->ca == NULL)
		return say_usage("revoke: which CA? --ca DIR, whose certificate it is");
	if (order->word_count != 1)
		return say_usage(
		    "revoke: which one? SERIAL or FILE: inetls-certgen revoke --ca DIR FILE");
	memset(&ca, 0, sizeof(ca));
	if ((r = open_ca(order, &ca, &why)) == 0 &&
	    (r = record_revocation(order, &ca, order->words[0], &why)) == 0)
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

	if (order->ca == NULL)
		return say_usage("crl: which CA? --ca DIR, whose list it is");
	if (order->word_count != 0)
		return say_usage(
		    "crl: '%.60s' is too much: inetls-certgen crl --ca %.200s [--days %d]",
		    order->words[0], order->ca, CRL_DAYS);
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
