/* Checks the dates of a certificate. */

#include "tls/validity.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/x509.h>

void
validity_day(time_t when, char out[16])
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		(void)strcpy(out, "?");
}

bool
validity_is_over(gnutls_x509_crt_t crt, char *text, size_t size, bool *early)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt),
	       until = gnutls_x509_crt_get_expiration_time(crt), now = time(NULL);
	char day[16];

	*early = from > now;
	if (!*early && until >= now)
		return false;
	validity_day(*early ? from : until, day);
	(void)snprintf(text, size, "%s %s", *early ? "is not valid before" : "expired on", day);
	return true;
}
