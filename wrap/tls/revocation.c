/* Lists of revoked certificates, and their dates. */

#include "tls/revocation.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "file.h"
#include "tls/validity.h"

#define LISTS_MAX (4 * 1024 * 1024)
#define DAY_S (24 * 60 * 60)

struct revocation {
	const char *path;
	gnutls_x509_crl_t *lists;
	unsigned n;
};

static int
not_loaded(const struct revocation *r, int error, struct failure *why)
{
	return failure_set(why, EX_CONFIG, "--crl %s: %s", r->path,
	    error == 0 ? "holds no list" : gnutls_strerror(error));
}

/* A file that was opened and refused has left no errno. */
static int
not_read(const char *path, struct failure *why)
{
	const struct failure cause = *why;

	if (cause.code == EX_CONFIG)
		return failure_set(why, EX_CONFIG, "--crl %s", cause.text);
	return failure_set(why, EX_CONFIG, "--crl %s: %s", path, strerror(errno));
}

struct revocation *
revocation_load(const char *path, struct failure *why)
{
	struct revocation *r = calloc(1, sizeof(*r));
	gnutls_datum_t pem;
	char *text = NULL;
	size_t len;
	int e;

	if (r == NULL) {
		failure_set(why, EX_OSERR, "out of memory");
		return NULL;
	}
	r->path = path;
	if (file_read(path, LISTS_MAX, &text, &len, why) == -1) {
		not_read(path, why);
		free(r);
		return NULL;
	}
	pem.data = (unsigned char *)text;
	pem.size = (unsigned)len;
	e = gnutls_x509_crl_list_import2(&r->lists, &r->n, &pem, GNUTLS_X509_FMT_PEM, 0);
	free(text);
	if (e >= 0 && r->n > 0)
		return r;
	not_loaded(r, e < 0 ? e : 0, why);
	revocation_free(r);
	return NULL;
}

void
revocation_free(struct revocation *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < r->n; i++)
		gnutls_x509_crl_deinit(r->lists[i]);
	gnutls_free(r->lists);
	free(r);
}

int
revocation_apply(const struct revocation *r, void *credentials, struct failure *why)
{
	int e = gnutls_certificate_set_x509_crl(credentials, r->lists, (int)r->n);

	return e > 0 ? 0 : not_loaded(r, e, why);
}

bool
revocation_has(const struct revocation *r, const void *crt)
{
	return r != NULL &&
	    gnutls_x509_crt_check_revocation((gnutls_x509_crt_t)(uintptr_t)crt, r->lists, r->n) ==
	    1;
}

/* Whether a list is valid now; one without an end never expires. */
static bool
is_in_date(gnutls_x509_crl_t list, time_t now)
{
	time_t end = gnutls_x509_crl_get_next_update(list);

	return gnutls_x509_crl_get_this_update(list) <= now && (end == (time_t)-1 || end > now);
}

static void
describe(gnutls_x509_crl_t list, time_t now, char *text, size_t size)
{
	time_t begin = gnutls_x509_crl_get_this_update(list);
	char issuer[160], day[16];
	size_t len = sizeof(issuer);

	if (gnutls_x509_crl_get_issuer_dn(list, issuer, &len) < 0)
		(void)strcpy(issuer, "?");
	validity_day(begin > now ? begin : gnutls_x509_crl_get_next_update(list), day);
	(void)snprintf(text, size, "by %s%s%s", issuer,
	    is_in_date(list, now) ? "" :
		begin > now       ? " is not valid before " :
				    " expired on ",
	    is_in_date(list, now) ? "" : day);
}

/* The list of this issuer that is valid longest, or NULL. */
static gnutls_x509_crl_t
best_by(const struct revocation *r, const gnutls_datum_t *issuer, time_t now)
{
	gnutls_x509_crl_t best = NULL;
	gnutls_datum_t dn;

	for (unsigned i = 0; i < r->n; i++) {
		gnutls_x509_crl_t list = r->lists[i];
		bool same;

		if (gnutls_x509_crl_get_raw_issuer_dn(list, &dn) < 0)
			continue;
		same = dn.size == issuer->size && memcmp(dn.data, issuer->data, dn.size) == 0;
		gnutls_free(dn.data);
		if (same &&
		    (best == NULL || (is_in_date(list, now) && !is_in_date(best, now)) ||
			(is_in_date(list, now) == is_in_date(best, now) &&
			    (uint64_t)gnutls_x509_crl_get_next_update(list) >
				(uint64_t)gnutls_x509_crl_get_next_update(best))))
			best = list;
	}
	return best;
}

bool
revocation_is_over(
    const struct revocation *r, const unsigned char *der, size_t n, char *text, size_t size)
{
	gnutls_datum_t in = { (unsigned char *)(uintptr_t)der, (unsigned)n }, issuer;
	gnutls_x509_crl_t list = NULL;
	time_t now = time(NULL);
	gnutls_x509_crt_t crt;

	if (r == NULL || gnutls_x509_crt_init(&crt) < 0)
		return false;
	if (gnutls_x509_crt_import(crt, &in, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_raw_issuer_dn(crt, &issuer) == 0) {
		list = best_by(r, &issuer, now);
		gnutls_free(issuer.data);
	}
	gnutls_x509_crt_deinit(crt);
	if (list == NULL || is_in_date(list, now))
		return false;
	describe(list, now, text, size);
	return true;
}

static long
days_left(gnutls_x509_crl_t list, time_t now)
{
	time_t end = gnutls_x509_crl_get_next_update(list);

	if (!is_in_date(list, now))
		return -1;
	return end == (time_t)-1 ? LONG_MAX : (long)((end - now) / DAY_S);
}

bool
revocation_first_end(const struct revocation *r, long *days, char *text, size_t size)
{
	gnutls_x509_crl_t first = NULL;
	time_t now = time(NULL);
	gnutls_datum_t issuer;

	for (unsigned i = 0; i < r->n; i++) {
		gnutls_x509_crl_t best = r->lists[i];

		if (gnutls_x509_crl_get_raw_issuer_dn(best, &issuer) == 0) {
			best = best_by(r, &issuer, now);
			gnutls_free(issuer.data);
		}
		if (first == NULL || days_left(best, now) < days_left(first, now))
			first = best;
	}
	*days = days_left(first, now);
	describe(first, now, text, size);
	return *days < 0;
}
