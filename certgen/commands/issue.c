/*
 * Makes a server's certificate: reads options, asks questions, makes key and certificate, writes
 * the files, and says what to do next.
 */

#include "commands/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/casign.h"
#include "x509/cert.h"
#include "x509/constraint.h"
#include "file.h"
#include "x509/key.h"
#include "x509/pem.h"
#include "dialogue/prompt.h"
#include "commands/report.h"
#include "dialogue/say.h"
#include "files/store.h"
#include "commands/usage.h"
#include "token.h"

int
issue_run(enum order_kind kind, enum request_purpose purpose, int (*carry_out)(struct order *order),
    int argc, char *argv[])
{
	struct order *order = calloc(1, sizeof(*order));
	int r;

	if (order == NULL) {
		say("out of memory");
		return EX_OSERR;
	}
	request_init(&order->request, purpose);
	order->request.key = key_kind_parse(KEY_DEFAULT, NULL);
	if ((r = order_read(order, kind, argc, argv)) == 0)
		r = carry_out(order);
	key_free(&order->key);
	free(order);
	return r;
}

int
issue_ask(struct order *order, const char *what, const char *file, struct failure *why)
{
	if (!order_asks(order))
		return 0;
	(void)fprintf(stderr, "%s, for %s\n", what, file);
	return prompt_request(&order->request, stdin, stderr, why);
}

int
issue_confirm(struct order *order, struct failure *why)
{
	if (!order_asks(order))
		return 0;
	report_request(&order->request, stderr);
	return prompt_confirm("Write it?", stdin, stderr, why);
}

static void
say_notes(const struct request *request)
{
	if (request->days > REQUEST_DAYS)
		say("note: Apple's programs refuse a certificate that is valid for more than "
		    "%d days",
		    REQUEST_DAYS);
	for (size_t i = 0; i < request->name_count; i++)
		if (request->names[i].ip_len > 0 || strchr(request->names[i].text, '.') != NULL)
			return;
	say("note: no name has a dot, so clients on other hosts may know this one by another name");
}

static int
take_words(struct order *order, const char *command)
{
	if (order->word_count == 0)
		return say_usage(
		    "which file? inetls-certgen %sFILE.pem [NAME...]; see --help", command);
	if (!order_is_file(order->words[0])) {
		if (*command == '\0')
			return usage_unknown(order->words[0]);
		return say_usage(
		    "'%s' is not a FILE, whose name must end in .pem or contain a slash: "
		    "inetls-certgen %sFILE.pem [NAME...]",
		    order->words[0], command);
	}
	return order_take_names(order, 1);
}

/* Makes the certificate: self-signed, or signed by the CA (between casign_begin and casign_end). */
static gnutls_x509_crt_t
make_cert(
    const struct order *order, struct casign *sign, const struct key *key, struct failure *why)
{
	gnutls_pubkey_t public;
	gnutls_x509_crt_t cert;

	if (sign == NULL)
		return cert_make(&order->request, key, order->now, why);
	if ((public = key_public(key, why)) == NULL)
		return NULL;
	cert = casign_issue(sign, &order->request, public, order->now, why);
	gnutls_pubkey_deinit(public);
	return cert;
}

int
issue_open_key(struct order *order, struct failure *why)
{
	struct failure inside;
	gnutls_pubkey_t public;

	if (order->key_url == NULL)
		return 0;
	if (key_open(&order->key, order->key_url, strlen(order->key_url), why) == -1 ||
	    (public = key_public(&order->key, why)) == NULL)
		return -1;
	order->request.key = key_kind_of_public(public, &inside);
	gnutls_pubkey_deinit(public);
	if (order->request.key != NULL)
		return 0;
	return failure_set(why, inside.code, "%s: %s", order->key.token->url.text, inside.text);
}

int
issue_take_key(struct order *order, struct key *key, struct failure *why)
{
	if (order->key_url == NULL)
		return key_make(key, order->request.key, why);
	*key = order->key;
	order->key = (struct key){ .sign = NULL };
	return 0;
}

static int
make_and_store(
    struct order *order, const struct store *store, struct casign *sign, struct failure *why)
{
	struct key key = { .sign = NULL };
	gnutls_x509_crt_t cert = NULL, *chain = sign == NULL ? NULL : sign->ca->certs;
	char *pem = NULL, *crt = NULL;
	int r = -1;

	if (issue_take_key(order, &key, why) == -1 ||
	    (cert = make_cert(order, sign, &key, why)) == NULL)
		goto out;
	if ((crt = cert_pem(cert, why)) == NULL ||
	    (pem = pem_join(&key, cert, chain, sign == NULL ? 0 : sign->ca->count, why)) == NULL)
		goto out;
	if (pem_check(pem, &key, why) == -1 || store_write(store, pem, crt, why) == -1)
		goto out;
	if (!order->quiet)
		report_written(order, store, sign == NULL ? NULL : sign->ca, cert);
	r = 0;
out:
	file_wipe(pem, pem == NULL ? 0 : strlen(pem));
	free(crt);
	gnutls_x509_crt_deinit(cert);
	key_free(&key);
	return r;
}

static int
prepare_store(const struct order *order, struct store *store, struct failure *why)
{
	if (store_init(store, order->words[0], order->force, why) == -1)
		return -1;
	store->was = order->has_owner ? &order->owner : NULL;
	return 0;
}

static int
carry_out_self_signed(struct order *order)
{
	struct store store;
	struct failure why;
	int r = take_words(order, "");

	if (r != 0)
		return r;
	if (prepare_store(order, &store, &why) == -1 || store_vacant(&store, &why) == -1 ||
	    issue_open_key(order, &why) == -1)
		return say_failure(&why);
	if (order->request.name_count == 0)
		request_add_own_names(&order->request);
	if (issue_ask(order, "A TLS key and its self-signed certificate", order->words[0], &why) ==
		-1 ||
	    issue_confirm(order, &why) == -1)
		return say_failure(&why);
	if (!order->quiet)
		say_notes(&order->request);
	return make_and_store(order, &store, NULL, &why) == -1 ? say_failure(&why) : EX_OK;
}

int
issue_self_signed(int argc, char *argv[])
{
	return issue_run(ORDER_SELF, REQUEST_SERVER, carry_out_self_signed, argc, argv);
}

/* -- by a CA -- */

/* Adds those of this host's names that the CA may sign for. */
static void
add_permitted_names(struct order *order, const struct ca *ca)
{
	struct request *request = &order->request;
	size_t kept = 0;

	request_add_own_names(request);
	for (size_t i = 0; i < request->name_count; i++)
		if (constraint_permits(ca->certs[0], &request->names[i]))
			request->names[kept++] = request->names[i];
	request->name_count = kept;
}

int
issue_open_ca(struct order *order, struct ca *ca, struct failure *why)
{
	const struct ca_secret secret = order_secret(order);

	if (ca_open(ca, order->ca, why) == -1 ||
	    ca_permits(ca, &order->request, order->days_given, order->now, why) == -1)
		return -1;
	return ca_unlock(ca, &secret, why);
}

static int
prepare_server(struct order *order, const struct store *store, struct ca *ca, struct failure *why)
{
	char text[256];

	if (store_vacant(store, why) == -1 || issue_open_key(order, why) == -1 ||
	    issue_open_ca(order, ca, why) == -1)
		return -1;
	if (order->request.name_count == 0)
		add_permitted_names(order, ca);
	if (issue_ask(order, "A TLS key and its certificate from the CA", store->pem_path, why) ==
	    -1)
		return -1;
	if (order->request.name_count == 0)
		return failure_set(why, EX_USAGE,
		    "which names? the CA may not sign for any name of this host: %s",
		    constraint_text(ca->certs[0], text, sizeof(text)));
	/* Ask again, since the answers may have changed the request. */
	if (ca_permits(ca, &order->request, order->days_given, order->now, why) == -1)
		return -1;
	return issue_confirm(order, why);
}

static int
sign_server(struct order *order, struct store *store, const struct ca *ca, struct failure *why)
{
	struct casign sign;
	int r;

	if (!order->quiet)
		say_notes(&order->request);
	if (casign_begin(&sign, ca, why) == -1)
		return -1;
	store->commit = casign_record;
	/* cppcheck-suppress autoVariables; reset below */
	store->context = &sign;
	r = make_and_store(order, store, &sign, why);
	store->context = NULL;
	casign_end(&sign);
	return r;
}

static int
carry_out_server(struct order *order)
{
	struct store store;
	struct ca ca;
	struct failure why;
	int r;

	if (order->ca == NULL)
		return say_usage("server: which CA? give --ca DIR, made by: inetls-certgen ca DIR");
	if ((r = take_words(order, "server --ca DIR ")) != 0)
		return r;
	order->request.issued = 1;
	memset(&ca, 0, sizeof(ca));
	if ((r = prepare_store(order, &store, &why)) == 0 &&
	    (r = prepare_server(order, &store, &ca, &why)) == 0)
		r = sign_server(order, &store, &ca, &why);
	ca_close(&ca);
	return r == -1 ? say_failure(&why) : EX_OK;
}

int
issue_server(int argc, char *argv[])
{
	return issue_run(ORDER_SERVER, REQUEST_SERVER, carry_out_server, argc, argv);
}
