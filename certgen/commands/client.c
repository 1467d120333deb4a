/* client: makes a client's key and certificate, in the files that its program reads. */

#include "commands/client.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/bundle.h"
#include "ca/casign.h"
#include "x509/cert.h"
#include "x509/constraint.h"
#include "x509/export.h"
#include "file.h"
#include "commands/form.h"
#include "commands/issue.h"
#include "x509/key.h"
#include "dialogue/passphrase.h"
#include "x509/pem.h"
#include "commands/report.h"
#include "dialogue/say.h"

/* The target files, and what is made for them. */
struct client {
	struct order *order;
	enum form form;
	struct ca ca;
	struct passphrase passphrase;     /* of the PKCS#12 */
	char paths[FORM_FILES][PATH_MAX]; /* the key first */
	struct bundle bundle;
	struct key key;
	gnutls_x509_crt_t cert;
	char *pem, *crt, *root;
	gnutls_datum_t binary;
};

static int
add_files(struct client *client, struct failure *why)
{
	struct bundle *bundle = &client->bundle;

	bundle_init(bundle, client->order->force);
	bundle->commit = casign_record;
	for (size_t i = 0; i < 3 && *client->paths[i] != '\0'; i++)
		bundle_add(bundle, client->paths[i], i == 0 ? 0600 : 0644, NULL, 0);
	return bundle_vacant(bundle, why);
}

/* Makes the directory for libpq if it is missing, as ~/.postgresql is at first. */
static int
make_directory(const struct client *client, struct failure *why)
{
	const char *dir = client->order->libpq;

	if (client->form != FORM_LIBPQ || (mkdir(dir, 0700) == 0 && chmod(dir, 0700) == 0) ||
	    errno == EEXIST)
		return 0;
	return failure_set(why, EX_CANTCREAT, "create %s: %s", dir, strerror(errno));
}

static int
choose_password(struct client *client, struct failure *why)
{
	if (client->form != FORM_P12)
		return 0;
	if (client->order->p12_password_file != NULL)
		return passphrase_read(client->order->p12_password_file, &client->passphrase, why);
	return passphrase_choose(
	    "A password for the PKCS#12", 0, stdin, stderr, &client->passphrase, why);
}

/*
 * OpenSSL takes john.doe for a domain, so a server that uses OpenSSL would refuse this client
 * without giving a reason.
 */
static void
warn_of_dots(const struct client *client)
{
	const char *common = client->order->request.common;
	char permitted[256];

	if (constraint_misreads(client->ca.certs[0], common))
		say("warning: servers that use OpenSSL take '%s' for a domain that this CA "
		    "may not sign for (%s), and refuse it; a user name without a dot is safe",
		    common, constraint_text(client->ca.certs[0], permitted, sizeof(permitted)));
}

static int
prepare(struct client *client, struct failure *why)
{
	struct order *order = client->order;

	if (add_files(client, why) == -1 || issue_open_ca(order, &client->ca, why) == -1)
		return -1;
	warn_of_dots(client);
	if (issue_ask(order, "A client's key and certificate", order->request.common, why) == -1 ||
	    ca_permits(&client->ca, &order->request, order->days_given, order->now, why) == -1)
		return -1;
	return choose_password(client, why) == -1 ? -1 : issue_confirm(order, why);
}

static int
make_pair(struct client *client, struct casign *sign, struct failure *why)
{
	const struct order *order = client->order;
	gnutls_pubkey_t public = NULL;

	if (key_make(&client->key, order->request.key, why) == -1 ||
	    (public = key_public(&client->key, why)) == NULL)
		return -1;
	client->cert = casign_issue(sign, &order->request, public, order->now, why);
	gnutls_pubkey_deinit(public);
	if (client->cert == NULL)
		return -1;
	client->crt = cert_pem(client->cert, why);
	client->root = cert_pem(client->ca.certs[client->ca.count - 1], why);
	client->pem = client->form == FORM_LIBPQ ?
	    key_pem(&client->key, why) :
	    pem_join(&client->key, client->cert, client->ca.certs, client->ca.count, why);
	return client->crt != NULL && client->root != NULL && client->pem != NULL ? 0 : -1;
}

static int
make_binary(struct client *client, struct failure *why)
{
	const struct export_p12 p12 = { client->key.memory, client->cert, client->ca.certs,
		client->ca.count, client->passphrase.text, client->order->legacy };

	if (client->form == FORM_P12)
		return export_p12(&p12, &client->binary, why);
	return client->form == FORM_PK8 ? export_pk8(client->key.memory, &client->binary, why) : 0;
}

static int
make_and_write(struct client *client, struct casign *sign, struct failure *why)
{
	struct bundle_file *files = client->bundle.files;

	if (make_pair(client, sign, why) == -1 || make_binary(client, why) == -1)
		return -1;
	files[0].data = client->binary.data == NULL ? (const void *)client->pem :
						      client->binary.data;
	files[0].len = client->binary.data == NULL ? strlen(client->pem) : client->binary.size;
	files[1].data = client->crt;
	files[1].len = strlen(client->crt);
	files[2].data = client->root;
	files[2].len = strlen(client->root);
	client->bundle.context = sign;
	if (make_directory(client, why) == -1)
		return -1;
	return bundle_write(&client->bundle, why);
}

static void
wipe(struct client *client)
{
	file_wipe(client->pem, client->pem == NULL ? 0 : strlen(client->pem));
	export_wipe(&client->binary);
	free(client->crt);
	free(client->root);
	passphrase_wipe(&client->passphrase);
	gnutls_x509_crt_deinit(client->cert);
	key_free(&client->key);
	ca_close(&client->ca);
	free(client);
}

static void
report(const struct client *client)
{
	const char *paths[3] = { client->paths[0], client->paths[1], client->paths[2] };
	char ca_crt[PATH_MAX];

	if (!client->order->quiet)
		report_client(paths, client->form == FORM_LIBPQ ? client->order->libpq : NULL,
		    client->order->p12, client->cert, ca_path(&client->ca, "ca.crt", ca_crt));
}

static int
sign_and_write(struct client *client, struct failure *why)
{
	struct casign sign;
	int r;

	if (casign_begin(&sign, &client->ca, why) == -1)
		return -1;
	r = make_and_write(client, &sign, why);
	casign_end(&sign);
	return r;
}

static int
carry_out(struct order *order)
{
	struct client *client = calloc(1, sizeof(*client));
	struct failure why;
	int r;

	if (client == NULL) {
		say("out of memory");
		return EX_OSERR;
	}
	client->order = order;
	order->request.issued = 1;
	if (order->ca == NULL)
		r = say_usage("client: which CA? give --ca DIR, made by: inetls-certgen ca DIR");
	else if (order->word_count == 0)
		r = say_usage("client: which USER? inetls-certgen client --ca DIR USER");
	else if (order->word_count > 1)
		r = say_usage("client: one USER at a time; leave out '%.60s'", order->words[1]);
	else if (request_set_common(&order->request, order->words[0], &why) == -1)
		r = say_usage("client: '%.60s': %s", order->words[0], why.text);
	else if ((r = form_choose(order, &client->form)) == 0 &&
	    (r = form_paths(order, client->form, client->paths)) == 0) {
		if (prepare(client, &why) == -1 || sign_and_write(client, &why) == -1)
			r = say_failure(&why);
		else
			report(client);
	}
	wipe(client);
	return r;
}

int
client_issue(int argc, char *argv[])
{
	return issue_run(ORDER_CLIENT, REQUEST_CLIENT, carry_out, argc, argv);
}
