/* Summary and result.  A request holds only text that may be shown unescaped. */

#include "commands/report.h"

#include "commands/order.h"

#include <string.h>
#include <time.h>

#include "x509/cert.h"
#include "x509/view.h"
#include "x509/key.h"

#define DAY (24L * 3600)

static void
print_names(const struct request *request, FILE *out)
{
	for (size_t i = 0; i < request->name_count; i++) {
		const struct name *name = &request->names[i];

		(void)fprintf(out, "  %-13s%s",
		    i > 0                                     ? "" :
			request->purpose == REQUEST_AUTHORITY ? "may sign for" :
								"names",
		    name->text);
		if (*name->unicode != '\0')
			(void)fprintf(out, " = %s", name->unicode);
		(void)fputc('\n', out);
	}
}

static void
print_field(const struct request *request, enum request_field field, const char *label, FILE *out)
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
	if (request->purpose == REQUEST_CLIENT)
		(void)fprintf(out, "  %-13s%s\n", "user", request->common);
	print_names(request, out);
	print_field(request, REQUEST_ORG, "organisation", out);
	print_field(request, REQUEST_LOCALITY, "locality", out);
	print_field(request, REQUEST_STATE, "state", out);
	print_field(request, REQUEST_COUNTRY, "country", out);
	cert_validity(request, time(NULL), &from, &to);
	(void)fprintf(out, "  %-13s%s, %s\n", "key", request->key->text,
	    request->issued ? "signed by the CA" : "self-signed");
	(void)fprintf(out, "  %-13s%s to %s (%ld days%s)\n", "valid", view_date(from, begin),
	    view_date(to, end), request->days,
	    to - from == request->days * DAY ? ", counted from yesterday" : "");
}

void
report_written(const struct order *order, const struct store *store, const struct ca *ca,
    gnutls_x509_crt_t cert)
{
	const struct request *request = &order->request;
	const char *slash = strrchr(store->crt_path, '/');
	const char *crt = slash == NULL ? store->crt_path : slash + 1;
	char host[NAME_MAX_LEN + 8], path[PATH_MAX];

	(void)printf("wrote %s  %s and certificate, mode 0600: it stays on this host\n",
	    store->pem_path, order->key_url == NULL ? "key" : "the key's URL");
	(void)printf("wrote %s  the certificate only, mode 0644%s\n", store->crt_path,
	    ca == NULL ? ": give this to clients" : "");
	view_print(stdout, cert, time(NULL));
	if (ca != NULL)
		(void)printf(
		    "Give clients the CA's certificate, %s\n", ca_path(ca, "ca.crt", path));
	(void)printf("A client that has %s connects with:\n"
		     "  psql \"host=%s port=9000 sslmode=verify-full sslrootcert=%s\"\n",
	    ca == NULL ? crt : "it", request_host(request, host, sizeof(host)),
	    ca == NULL ? crt : "ca.crt");
}

static int
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

void
report_client(const char *const paths[3], const char *libpq, const char *p12,
    gnutls_x509_crt_t cert, const char *ca_crt)
{
	(void)printf("wrote %s  %s\n", paths[0],
	    p12 != NULL ? "key, certificate and CA, protected by the password, mode 0600" :
		libpq != NULL || ends_in(paths[0], ".pk8") ? "key, mode 0600" :
							     "key and certificate, mode 0600");
	if (*paths[1] != '\0')
		(void)printf("wrote %s  certificate\n", paths[1]);
	if (*paths[2] != '\0')
		(void)printf("wrote %s  the CA's certificate\n", paths[2]);
	view_print(stdout, cert, time(NULL));
	if (libpq != NULL)
		(void)printf("In ~/.postgresql of that user, psql finds these files itself; only "
			     "sslmode=verify-full is needed\n");
	else if (p12 != NULL)
		(void)printf(
		    "pgjdbc: sslmode=verify-full&sslkey=%s&sslpassword=...&sslrootcert=%s\n", p12,
		    ca_crt);
	else if (ends_in(paths[0], ".pk8"))
		(void)printf("pgjdbc: sslmode=verify-full&sslkey=%s&sslcert=%s&sslrootcert=%s\n",
		    paths[0], paths[1], ca_crt);
	else
		(void)printf(
		    "  psql \"... sslmode=verify-full sslrootcert=%s sslcert=%s sslkey=%s\"\n",
		    ca_crt, paths[0], paths[0]);
}

void
report_renewed(const char *path, gnutls_x509_crt_t cert, int new_key)
{
	(void)printf(
	    "renewed %s: a server with this file uses it from the next connection on, without a reload\n",
	    path);
	view_print(stdout, cert, time(NULL));
	if (gnutls_x509_crt_check_issuer(cert, cert))
		(void)printf(
		    "Clients that have only the old .crt as their root refuse this one: give "
		    "them both in one file, see renew in inetls-certgen(1); pins %s\n",
		    new_key ? "change too" : "of the key stay valid");
}

void
report_authority(const char *dir, gnutls_x509_crt_t cert, int locked)
{
	(void)printf("wrote %s/ca.key  the CA's key, %s: keep a copy in a safe place\n", dir,
	    locked ? "encrypted by its passphrase" : "not encrypted");
	(void)printf(
	    "wrote %s/ca.crt  its certificate: give this to everybody who verifies\n", dir);
	(void)printf("wrote %s/index   its record\n", dir);
	view_print(stdout, cert, time(NULL));
	(void)printf("Next, for a server and for a client:\n"
		     "  inetls-certgen server --ca %s FILE.pem NAME...\n"
		     "  inetls-certgen client --ca %s USER\n",
	    dir, dir);
}
