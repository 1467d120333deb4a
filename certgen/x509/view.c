/*
 * Shows what a certificate says.  The certificate may come from anybody, so its text is printed by
 * text_print.
 */

#include "x509/view.h"

#include <arpa/inet.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "x509/constraint.h"
#include "dialogue/page.h"
#include "request/request.h"

#define DAY (24L * 3600)
#define GRACE 3600
#define MANY_NAMES 4096
#define COLUMN 11 /* column where the values begin */

const char *
view_fingerprint(gnutls_x509_crt_t cert, char buf[VIEW_FINGERPRINT_MAX])
{
	unsigned char hash[32];
	size_t len = sizeof(hash);

	*buf = '\0';
	if (gnutls_x509_crt_get_fingerprint(cert, GNUTLS_DIG_SHA256, hash, &len) < 0)
		return buf;
	for (size_t i = 0; i < len; i++)
		(void)snprintf(buf + 3 * i, 4, i + 1 < len ? "%02X:" : "%02X", hash[i]);
	return buf;
}

const char *
view_pin(gnutls_x509_crt_t cert, char buf[VIEW_PIN_MAX])
{
	unsigned char hash[32];
	gnutls_datum_t id = { hash, 0 }, base64 = { NULL, 0 };
	size_t len = sizeof(hash);

	*buf = '\0';
	if (gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, hash, &len) < 0)
		return buf;
	id.size = (unsigned)len;
	if (gnutls_base64_encode2(&id, &base64) == 0)
		(void)snprintf(
		    buf, VIEW_PIN_MAX, "sha256//%.*s", (int)base64.size, (const char *)base64.data);
	gnutls_free(base64.data);
	return buf;
}

const char *
view_date(time_t when, char buf[VIEW_DATE_MAX])
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(buf, VIEW_DATE_MAX, "%Y-%m-%d", &tm) == 0)
		*buf = '\0';
	return buf;
}

int
view_name(gnutls_x509_crt_t cert, unsigned i, char *buf, size_t size)
{
	size_t len = size - 1;
	int type = gnutls_x509_crt_get_subject_alt_name(cert, i, buf, &len, NULL);
	unsigned char ip[16];

	if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return snprintf(buf, size, "(too long to show)") > 0;
	if (type < 0)
		return 0;
	buf[len] = '\0';
	if (type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
		memcpy(ip, buf, len);
		return inet_ntop(len == 4 ? AF_INET : AF_INET6, ip, buf, (socklen_t)size) != NULL;
	}
	return 1;
}

const char *
view_names(gnutls_x509_crt_t cert, char *buf, size_t size)
{
	char name[1024];
	size_t used = 0, len = size - 1;

	*buf = '\0';
	for (unsigned i = 0; used < size && view_name(cert, i, name, sizeof(name)); i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i == 0 ? "" : " ", name);
	if (used == 0 && gnutls_x509_crt_get_dn(cert, buf, &len) < 0)
		(void)snprintf(buf, size, "(no name)");
	return buf;
}

/* Whether that is one of its extended key usages. */
static int
has_purpose(gnutls_x509_crt_t cert, const char *wanted)
{
	char purpose[64];
	size_t len;

	for (unsigned i = 0; len = sizeof(purpose), i < 16; i++) {
		if (gnutls_x509_crt_get_key_purpose_oid(cert, i, purpose, &len, NULL) < 0)
			return 0;
		if (strcmp(purpose, wanted) == 0)
			return 1;
	}
	return 0;
}

int
view_is_client(gnutls_x509_crt_t cert)
{
	return has_purpose(cert, GNUTLS_KP_TLS_WWW_CLIENT) &&
	    !has_purpose(cert, GNUTLS_KP_TLS_WWW_SERVER);
}

long
view_days_left(time_t end, time_t now)
{
	long seconds = (long)(end - now);

	/* A certificate made for ninety days a moment ago has ninety left. */
	if (seconds > 0)
		seconds += GRACE;
	return seconds < 0 ? -((-seconds + DAY - 1) / DAY) : seconds / DAY;
}

static void
print_line(FILE *out, const char *label, const char *text)
{
	char padded[16];

	(void)snprintf(padded, sizeof(padded), "  %s", label);
	page_line(out, padded, COLUMN, text);
}

static const char *
key_text(gnutls_x509_crt_t cert, char *buf, size_t size)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(cert, &bits);
	gnutls_ecc_curve_t curve = GNUTLS_ECC_CURVE_INVALID;
	const char *name;

	if (algorithm < 0)
		return "unknown";
	name = gnutls_pk_get_name((gnutls_pk_algorithm_t)algorithm);
	if (algorithm == GNUTLS_PK_ECDSA)
		(void)gnutls_x509_crt_get_pk_ecc_raw(cert, &curve, NULL, NULL);
	/* People know NIST's names for these curves. */
	if (curve == GNUTLS_ECC_CURVE_SECP256R1 || curve == GNUTLS_ECC_CURVE_SECP384R1 ||
	    curve == GNUTLS_ECC_CURVE_SECP521R1)
		(void)snprintf(buf, size, "ECDSA P-%u", bits);
	else
		(void)snprintf(buf, size, "%s %u", name, bits);
	return buf;
}

/* What it may be used for: "server", "client", "CA of example.org". */
static const char *
purpose_text(gnutls_x509_crt_t cert, char *buf, size_t size)
{
	unsigned critical;
	char permitted[1024];

	if (gnutls_x509_crt_get_ca_status(cert, &critical) == 1) {
		(void)constraint_text(cert, permitted, sizeof(permitted));
		(void)snprintf(
		    buf, size, *permitted == '\0' ? "CA, for any name" : "CA, for %s", permitted);
	} else
		(void)snprintf(buf, size, "%s",
		    view_is_client(cert)                            ? "client" :
			has_purpose(cert, GNUTLS_KP_TLS_WWW_SERVER) ? "server" :
								      "anything");
	return buf;
}

/* Who signed it; prints nothing if it is self-signed. */
static void
print_issuer(FILE *out, gnutls_x509_crt_t cert)
{
	gnutls_datum_t issuer = { NULL, 0 };
	char serial[2 * 20 + 3];

	if (gnutls_x509_crt_check_issuer(cert, cert))
		return;
	if (gnutls_x509_crt_get_issuer_dn3(cert, &issuer, 0) == 0)
		print_line(out, "issuer", (const char *)issuer.data);
	gnutls_free(issuer.data);
	print_line(out, "serial", view_serial(cert, serial, sizeof(serial)));
}

const char *
view_serial(gnutls_x509_crt_t cert, char *buf, size_t size)
{
	unsigned char serial[64];
	size_t len = sizeof(serial);

	*buf = '\0';
	if (gnutls_x509_crt_get_serial(cert, serial, &len) < 0)
		return buf;
	for (size_t i = 0; i < len && 2 * i + 2 < size; i++)
		(void)snprintf(buf + 2 * i, 3, "%02X", serial[i]);
	return buf;
}

/* For the longest validity it also prints the total, because the first day is already over. */
static void
print_validity(FILE *out, gnutls_x509_crt_t cert, time_t now)
{
	time_t from = gnutls_x509_crt_get_activation_time(cert),
	       to = gnutls_x509_crt_get_expiration_time(cert);
	long left = view_days_left(to, now);
	char text[128], begin[VIEW_DATE_MAX], end[VIEW_DATE_MAX];

	if (to - from == REQUEST_DAYS * DAY)
		(void)snprintf(text, sizeof(text), "%s to %s, %d days, %ld left",
		    view_date(from, begin), view_date(to, end), REQUEST_DAYS, left);
	else
		(void)snprintf(text, sizeof(text), "%s to %s, %ld days left",
		    view_date(from, begin), view_date(to, end), left);
	print_line(out, "valid", text);
}

void
view_print(FILE *out, gnutls_x509_crt_t cert, time_t now)
{
	char text[MANY_NAMES];
	gnutls_datum_t subject = { NULL, 0 };

	if (gnutls_x509_crt_get_dn3(cert, &subject, 0) == 0)
		print_line(out, "subject", (const char *)subject.data);
	gnutls_free(subject.data);
	if (view_name(cert, 0, text, sizeof(text)))
		print_line(out, "names", view_names(cert, text, sizeof(text)));
	print_line(out, "for", purpose_text(cert, text, sizeof(text)));
	print_issuer(out, cert);
	print_line(out, "key", key_text(cert, text, sizeof(text)));
	print_validity(out, cert, now);
	print_line(out, "SHA-256", view_fingerprint(cert, text));
	print_line(out, "pin", view_pin(cert, text));
}
