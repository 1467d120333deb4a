/* Summary and result.  A request holds only text that may be shown as it is. */

#include "report.h"

#include <string.h>
#include <time.h>

#include "cert.h"
#include "view.h"

static void
print_names(const struct request *request, FILE *out)
{
	for (size_t i = 0; i < request->name_count; i++) {
		const struct name *name = &request->names[i];

		(void)fprintf(out, "  %-13s%s", i == 0 ? "names" : "", name->text);
		if (*name->unicode != '\0')
			(void)fprintf(out, " = %s", name->unicode);
		(void)fputc('\n', out);
	}
}

static void
print_field(
    const struct request *request, enum request_field field, const char *label, FILE *out)
{
	char text[REQUEST_TEXT_MAX + 1];

	if (*request_get(request, field, text, sizeof(text)) != '\0')
		(void)fprintf(out, "  %-13s%s\n", label, text);
}

void
report_request(const struct request *request, FILE *out)
{
	char begin[VIEW_DATE_MAX], end[VIEW_DATE_MAX];
	time_t from, to;

	(void)fputc('\n', out);
	print_names(request, out);
	print_field(request, REQUEST_ORG, "organisation", out);
	print_field(request, REQUEST_LOCALITY, "locality", out);
	print_field(request, REQUEST_STATE, "state", out);
	print_field(request, REQUEST_COUNTRY, "country", out);
	cert_validity(request, time(NULL), &from, &to);
	(void)fprintf(out, "  %-13s%s, self-signed\n", "key", request->key->text);
	(void)fprintf(
	    out, "  %-13s%s to %s\n", "valid", view_date(from, begin), view_date(to, end));
}

void
report_written(const struct request *request, const struct store *store, gnutls_x509_crt_t cert)
{
	const char *slash = strrchr(store->crt_path, '/');
	const char *crt = slash == NULL ? store->crt_path : slash + 1;
	char host[NAME_MAX_LEN + 8];

	(void)printf("wrote %s  key and certificate, mode 0600: it stays on this host\n",
	    store->pem_path);
	(void)printf(
	    "wrote %s  certificate alone, mode 0644: clients get this one\n", store->crt_path);
	view_print(stdout, cert, time(NULL));
	(void)printf("A client that has %s connects with:\n"
		     "  psql \"host=%s port=9000 sslmode=verify-full sslrootcert=%s\"\n",
	    crt, request_host(request, host, sizeof(host)), crt);
}
