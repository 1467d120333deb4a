/*
 * The list of revoked certificates.  Programs that use an expired list refuse every client, so a
 * new one is made well before: see renew's timer.
 */

#include "ca/crl.h"

#include <gnutls/abstract.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/casign.h"
#include "files/draft.h"
#include "ca/index.h"
#include "dialogue/page.h"
#include "x509/view.h"

#define DAY (24L * 3600)
#define SKEW 3600 /* a reader's clock may be slow by that much */
#define NUMBER_MAX 20

static int
add_revoked(gnutls_x509_crl_t crl, const struct index_entry *entry)
{
	unsigned char serial[CERT_SERIAL_LEN];
	size_t len = strlen(entry->serial) / 2;

	for (size_t i = 0; i < len; i++) {
		char byte[3] = { entry->serial[2 * i], entry->serial[2 * i + 1], '\0' };

		serial[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	return gnutls_x509_crl_set_crt_serial(crl, serial, len, entry->when);
}

/* Adds what the record says was revoked; sets *number to the number of the new list. */
static int
fill(gnutls_x509_crl_t crl, const struct index *index, unsigned long *number)
{
	struct index_entry entry;
	size_t at = 0;
	int r = 0;

	*number = 1;
	while (r >= 0 && index_next(index, &at, &entry))
		if (entry.event == INDEX_REVOKED)
			r = add_revoked(crl, &entry);
		else if (entry.event == INDEX_CRL)
			*number = strtoul(entry.serial, NULL, 16) + 1;
	return r;
}

static int
set_number(gnutls_x509_crl_t crl, unsigned long number)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(number >> (8 * (sizeof(bytes) - 1 - i)));
	return gnutls_x509_crl_set_number(crl, bytes, sizeof(bytes));
}

static int
sign(gnutls_x509_crl_t crl, const struct ca *ca)
{
	unsigned char id[64];
	size_t len = sizeof(id);
	int r;

	if ((r = gnutls_x509_crt_get_subject_key_id(ca->certs[0], id, &len, NULL)) < 0 ||
	    (r = gnutls_x509_crl_set_authority_key_id(crl, id, len)) < 0)
		return r;
	return gnutls_x509_crl_privkey_sign(
	    crl, ca->certs[0], ca->key.sign, key_digest(&ca->key), 0);
}

static int
make(gnutls_x509_crl_t crl, const struct ca *ca, const struct index *index,
    struct index_entry *entry)
{
	unsigned long number;
	int r;

	if ((r = gnutls_x509_crl_set_version(crl, 2)) < 0 || (r = fill(crl, index, &number)) < 0 ||
	    (r = gnutls_x509_crl_set_this_update(crl, entry->when - SKEW)) < 0 ||
	    (r = gnutls_x509_crl_set_next_update(crl, entry->expires)) < 0 ||
	    (r = set_number(crl, number)) < 0)
		return r;
	(void)snprintf(entry->serial, sizeof(entry->serial), "%lX", number);
	return sign(crl, ca);
}

static int
publish(gnutls_x509_crl_t crl, const struct ca *ca, struct index *index,
    const struct index_entry *entry, struct failure *why)
{
	gnutls_datum_t pem = { NULL, 0 };
	char path[PATH_MAX];
	int r = gnutls_x509_crl_export2(crl, GNUTLS_X509_FMT_PEM, &pem);

	if (r < 0)
		return failure_set(why, EX_SOFTWARE, "write the list: %s", gnutls_strerror(r));
	/*
	 * Record the number first.  If the list is then not written, one number is wasted, but no
	 * number is used twice.
	 */
	if ((r = index_append(index, entry, why)) == 0)
		r = draft_replace(ca_path(ca, "crl.pem", path), 0644, pem.data, pem.size, why);
	gnutls_free(pem.data);
	return r;
}

int
crl_write(const struct ca *ca, long days, time_t now, struct failure *why)
{
	struct index_entry entry = { .event = INDEX_CRL, .when = now, .expires = now + days * DAY };
	struct casign lock;
	gnutls_x509_crl_t crl = NULL;
	int r;

	if (casign_begin(&lock, ca, why) == -1)
		return -1;
	if ((r = gnutls_x509_crl_init(&crl)) < 0 || (r = make(crl, ca, &lock.index, &entry)) < 0)
		r = failure_set(why, EX_SOFTWARE, "make the list: %s", gnutls_strerror(r));
	else
		r = publish(crl, ca, &lock.index, &entry, why);
	gnutls_x509_crl_deinit(crl);
	casign_end(&lock);
	return r;
}

int
crl_load(const char *pem, size_t len, gnutls_x509_crl_t *crl, struct failure *why)
{
	const gnutls_datum_t data = { (unsigned char *)(uintptr_t)pem, (unsigned)len };
	int r;

	*crl = NULL;
	if (memmem(pem, len, "-----BEGIN X509 CRL-----", 24) == NULL)
		return 0;
	if ((r = gnutls_x509_crl_init(crl)) == 0 &&
	    (r = gnutls_x509_crl_import(*crl, &data, GNUTLS_X509_FMT_PEM)) == 0)
		return 1;
	gnutls_x509_crl_deinit(*crl);
	*crl = NULL;
	return failure_set(why, EX_DATAERR, "the list cannot be read: %s", gnutls_strerror(r));
}

/* In hexadecimal, as the record has it: another CA's may have 20 bytes (RFC 5280, 5.2.3). */
static const char *
number_of(gnutls_x509_crl_t crl, char buf[2 * NUMBER_MAX + 1])
{
	unsigned char bytes[NUMBER_MAX];
	size_t len = sizeof(bytes);

	(void)strcpy(buf, "0");
	if (gnutls_x509_crl_get_number(crl, bytes, &len, NULL) < 0)
		return buf;
	for (size_t i = 0; i < len; i++)
		(void)snprintf(buf + 2 * i, 3, "%02X", bytes[i]);
	while (buf[0] == '0' && buf[1] != '\0')
		buf++;
	return buf;
}

static void
print_revoked(FILE *out, gnutls_x509_crl_t crl, unsigned i)
{
	unsigned char serial[64];
	size_t len = sizeof(serial);
	time_t when;
	char date[VIEW_DATE_MAX];

	if (gnutls_x509_crl_get_crt_serial(crl, i, serial, &len, &when) < 0)
		return;
	(void)fputs("  ", out);
	for (size_t k = 0; k < len; k++)
		(void)fprintf(out, "%02X", serial[k]);
	(void)fprintf(out, "  %s\n", view_date(when, date));
}

void
crl_print(FILE *out, gnutls_x509_crl_t crl)
{
	char from[VIEW_DATE_MAX], to[VIEW_DATE_MAX], number[2 * NUMBER_MAX + 1];
	gnutls_datum_t issuer = { NULL, 0 };
	int count = gnutls_x509_crl_get_crt_count(crl);

	if (gnutls_x509_crl_get_issuer_dn3(crl, &issuer, 0) == 0)
		page_line(out, "  issuer", 11, (const char *)issuer.data);
	gnutls_free(issuer.data);
	(void)fprintf(out, "  number   %s\n  valid    %s to %s\n  revoked  %d\n",
	    number_of(crl, number), view_date(gnutls_x509_crl_get_this_update(crl), from),
	    view_date(gnutls_x509_crl_get_next_update(crl), to), count < 0 ? 0 : count);
	for (int i = 0; i < count; i++)
		print_revoked(out, crl, (unsigned)i);
}
