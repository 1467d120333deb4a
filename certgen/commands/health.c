/* Gives one verdict on one file.  Something broken is worse than something about to expire. */

#include "commands/health.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>

#include "x509/cert.h"
#include "ca/crl.h"
#include "file.h"
#include "x509/key.h"
#include "leaf.h"
#include "pemfile.h"
#include "files/store.h"
#include "strength.h"
#include "x509/view.h"

static const struct {
	const char *word;
	int rank;
} states[] = {
	[HEALTH_OK] = { "OK", 0 },
	[HEALTH_WARNING] = { "WARNING", 1 },
	[HEALTH_CRITICAL] = { "CRITICAL", 3 },
	[HEALTH_UNKNOWN] = { "UNKNOWN", 2 },
};

const char *
health_word(enum health_state state)
{
	return states[state].word;
}

enum health_state
health_worse(enum health_state a, enum health_state b)
{
	return states[a].rank >= states[b].rank ? a : b;
}

static void verdict(struct health *health, enum health_state state, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
verdict(struct health *health, enum health_state state, const char *fmt, ...)
{
	va_list ap;

	health->state = state;
	va_start(ap, fmt);
	(void)vsnprintf(health->text, sizeof(health->text), fmt, ap);
	va_end(ap);
}

/* Checks a file with a key.  A fault in that is worse than a date that comes near. */
static void
examine_key(
    const char *path, const char *pem, size_t len, gnutls_x509_crt_t cert, struct health *health)
{
	struct key key;
	struct failure why;
	char *again = NULL;
	size_t again_len = 0;
	int found = key_load(pem, len, &key, &why),
	    matches = found == 1 && cert_matches(cert, &key);
	const char *fault, *warning;

	key_free(&key);
	if (found == 0)
		return;
	fault = leaf_fault(cert);
	warning = leaf_warning(cert);
	if (found == -1)
		verdict(health, HEALTH_CRITICAL, "%s: %s", path, why.text);
	/*
	 * If key and certificate do not match, a certificate that may sign others is most likely a
	 * CA's in the server's place.
	 */
	else if (fault != NULL && (matches || warning == NULL))
		verdict(health, HEALTH_CRITICAL, "%s: its %s", path, fault);
	else if (!matches)
		verdict(health, HEALTH_CRITICAL, "%s: the key does not belong to the certificate",
		    path);
	else if (file_read_private(path, FILE_PEM_MAX, &again, &again_len, &why) == -1)
		verdict(health, HEALTH_CRITICAL, "%s", why.text);
	else if (warning != NULL && health->state == HEALTH_OK)
		verdict(health, HEALTH_WARNING, "%s: %s", path, warning);
	file_wipe(again, again_len);
}

/*
 * Checks the .crt that clients were given: with another key's certificate they would all refuse
 * this server.
 */
static void
examine_sibling(const char *path, gnutls_x509_crt_t cert, struct health *health)
{
	struct store store;
	gnutls_x509_crt_t *certs = NULL;
	char *pem = NULL;
	size_t len = 0;
	int count = -1;

	if (store_init(&store, path, 0, NULL) == -1 ||
	    file_read(store.crt_path, FILE_PEM_MAX, &pem, &len, NULL) == -1)
		return;
	count = cert_load(pem, len, &certs, NULL);
	if (count < 1 || !gnutls_x509_crt_equals(certs[0], cert))
		verdict(health, HEALTH_WARNING,
		    "%s is not the certificate in %s; fix: openssl x509 -in %s -out %s",
		    store.crt_path, path, path, store.crt_path);
	cert_free(certs, count);
	file_wipe(pem, len);
}

/* The end of the chain's first certificate to expire. */
static time_t
earliest_end(gnutls_x509_crt_t *certs, int count)
{
	time_t end = gnutls_x509_crt_get_expiration_time(certs[0]);

	for (int i = 1; i < count; i++) {
		time_t other = gnutls_x509_crt_get_expiration_time(certs[i]);

		if (other < end)
			end = other;
	}
	return end;
}

static enum health_state
weigh(long days, const struct health_limits *limits)
{
	if (days < limits->crit_days)
		return HEALTH_CRITICAL;
	return days < limits->warn_days ? HEALTH_WARNING : HEALTH_OK;
}

/* 0, or -1 if the certificate has expired or is not valid yet: nothing can be worse. */
static int
examine_dates(const char *path, gnutls_x509_crt_t *certs, int count,
    const struct health_limits *limits, struct health *health)
{
	time_t end = earliest_end(certs, count),
	       begin = gnutls_x509_crt_get_activation_time(certs[0]);
	long days = view_days_left(end, limits->now);
	char names[256], date[VIEW_DATE_MAX];

	(void)view_names(certs[0], names, sizeof(names));
	health->has_days = 1;
	health->days = days;
	if (end <= limits->now)
		verdict(health, HEALTH_CRITICAL, "%s: %s expired %s, %ld days ago", path, names,
		    view_date(end, date), -days);
	else if (begin > limits->now)
		verdict(health, HEALTH_CRITICAL, "%s: %s is not valid before %s", path, names,
		    view_date(begin, date));
	else
		verdict(health, weigh(days, limits), "%s: %s expires %s, in %ld days", path, names,
		    view_date(end, date), days);
	return end <= limits->now || begin > limits->now ? -1 : 0;
}

/* 0, or -1 if nobody can use the first certificate's key, as inetls-wrap cannot. */
static int
examine_strength(const char *path, gnutls_x509_crt_t cert, struct health *health)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(cert, &bits);
	char names[256];

	if (!strength_is_weak_rsa(algorithm, bits))
		return 0;
	verdict(health, HEALTH_CRITICAL,
	    "%s: the RSA key of %s has %u bits, too few for today's TLS libraries; "
	    "make a new key and certificate",
	    path, view_names(cert, names, sizeof(names)), bits);
	return -1;
}

/* What is weak in the chain troubles only clients that verify it. */
static void
examine_chain(const char *path, gnutls_x509_crt_t *certs, int count, struct health *health)
{
	char warning[400];

	for (int i = 0; i < count && health->state == HEALTH_OK; i++)
		if (strength_warning(certs[i], i == 0, warning, sizeof(warning)))
			verdict(health, HEALTH_WARNING, "%s: %s", path, warning);
}

/*
 * 0, or -1 if TLS libraries cannot read a key of the chain: inetls-wrap does not serve such a
 * chain.
 */
static int
examine_keys(const char *path, const char *pem, size_t len, gnutls_x509_crt_t *certs, int count,
    struct health *health)
{
	gnutls_pubkey_t key = NULL;
	struct failure why;
	char *chain = NULL;
	ssize_t n;
	int r = 0;

	for (int i = 0; i < count && r >= 0; i++) {
		if ((r = gnutls_pubkey_init(&key)) == 0)
			r = gnutls_pubkey_import_x509(key, certs[i], 0);
		gnutls_pubkey_deinit(key);
	}
	if (r >= 0)
		return 0;
	if ((n = pemfile_chain(pem, len, &chain, &why)) != -1)
		(void)pemfile_blame_chain(chain, (size_t)n, r, &why);
	free(chain);
	verdict(health, HEALTH_CRITICAL, "%s: %s", path, why.text);
	return -1;
}

static void
examine_pem(const char *path, const char *pem, size_t len, const struct health_limits *limits,
    struct health *health)
{
	gnutls_x509_crt_t *certs = NULL;
	struct failure why;
	int count = cert_load(pem, len, &certs, &why);

	if (count == -1)
		verdict(health, HEALTH_UNKNOWN, "%s: %s", path, why.text);
	else if (examine_dates(path, certs, count, limits, health) == 0 &&
	    examine_strength(path, certs[0], health) == 0 &&
	    examine_keys(path, pem, len, certs, count, health) == 0)
		examine_key(path, pem, len, certs[0], health);
	examine_chain(path, certs, count, health);
	if (count > 0 && health->state == HEALTH_OK)
		examine_sibling(path, certs[0], health);
	cert_free(certs, count);
}

/*
 * A list of revoked certificates.  Once it has expired, programs that use it refuse every client.
 */
static int
examine_crl(const char *path, const char *pem, size_t len, const struct health_limits *limits,
    struct health *health)
{
	gnutls_x509_crl_t crl;
	struct failure why;
	char date[VIEW_DATE_MAX];
	int found = crl_load(pem, len, &crl, &why);
	time_t end;

	if (found == -1)
		verdict(health, HEALTH_UNKNOWN, "%s: %s", path, why.text);
	if (found != 1)
		return found;
	end = gnutls_x509_crl_get_next_update(crl);
	health->has_days = 1;
	health->days = view_days_left(end, limits->now);
	if (end <= limits->now)
		verdict(health, HEALTH_CRITICAL,
		    "%s: the list of revoked certificates expired %s, %ld days ago", path,
		    view_date(end, date), -health->days);
	else if (gnutls_x509_crl_get_this_update(crl) > limits->now)
		verdict(health, HEALTH_CRITICAL,
		    "%s: the list of revoked certificates is not valid before %s", path,
		    view_date(gnutls_x509_crl_get_this_update(crl), date));
	else
		verdict(health, weigh(health->days, limits),
		    "%s: the list of revoked certificates expires %s, in %ld days", path,
		    view_date(end, date), health->days);
	gnutls_x509_crl_deinit(crl);
	return 1;
}

void
health_examine(const char *path, const struct health_limits *limits, struct health *health)
{
	struct failure why;
	char *pem = NULL;
	size_t len = 0;

	memset(health, 0, sizeof(*health));
	if (file_read(path, FILE_PEM_MAX, &pem, &len, &why) == -1)
		verdict(health, HEALTH_UNKNOWN, "%s%s", why.text,
		    why.code == EX_NOPERM ?
			"; the certificate beside it, FILE.crt, can be checked by anybody" :
			"");
	else if (examine_crl(path, pem, len, limits, health) == 0)
		examine_pem(path, pem, len, limits, health);
	file_wipe(pem, len);
}
