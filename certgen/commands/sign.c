/* csr and sign: make a request, and sign one.  The key never leaves the host that made it. */

#include "commands/sign.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/bundle.h"
#include "ca/casign.h"
#include "x509/cert.h"
#include "x509/csr.h"
#include "file.h"
#include "commands/issue.h"
#include "x509/key.h"
#include "x509/pem.h"
#include "dialogue/prompt.h"
#include "commands/report.h"
#include "dialogue/say.h"
#include "x509/view.h"

/* Changes the ending of a file name: x.pem or x.csr becomes x.crt. */
static int
other_ending(
    const char *path, const char *old, const char *new, char out[PATH_MAX], struct failure *why)
{
	size_t len = strlen(path), old_len = strlen(old);

	if (len > old_len && strcmp(path + len - old_len, old) == 0)
		len -= old_len;
	if (len + strlen(new) >= PATH_MAX)
		return failure_set(why, EX_CANTCREAT, "%.60s...: the path is too long", path);
	(void)snprintf(out, PATH_MAX, "%.*s%s", (int)len, path, new);
	return 0;
}

static int
write_request(struct order *order, struct bundle *bundle, struct failure *why)
{
	struct key key = { .sign = NULL };
	char *pem = NULL, *csr = NULL;
	int r = -1;

	if (issue_take_key(order, &key, why) == 0 &&
	    (csr = csr_make(&order->request, &key, why)) != NULL &&
	    (pem = pem_key(&key, order->words[0], why)) != NULL) {
		bundle->files[0].data = pem;
		bundle->files[0].len = strlen(pem);
		bundle->files[1].data = csr;
		bundle->files[1].len = strlen(csr);
		r = bundle_write(bundle, why);
	}
	file_wipe(pem, pem == NULL ? 0 : strlen(pem));
	free(csr);
	key_free(&key);
	return r;
}

static int
carry_out_ask(struct order *order)
{
	char csr[PATH_MAX];
	struct bundle bundle;
	struct failure why;
	int r;

	if (order->word_count == 0 || !order_is_file(order->words[0]))
		return say_usage(
		    "csr: which file? inetls-certgen csr FILE.pem [NAME...]; the request "
		    "goes into FILE.csr");
	if ((r = order_take_names(order, 1)) != 0)
		return r;
	if (other_ending(order->words[0], ".pem", ".csr", csr, &why) == -1)
		return say_failure(&why);
	bundle_init(&bundle, order->force);
	bundle_add(&bundle, order->words[0], 0600, NULL, 0);
	bundle_add(&bundle, csr, 0644, NULL, 0);
	if (order->request.name_count == 0)
		request_add_own_names(&order->request);
	if (bundle_vacant(&bundle, &why) == -1 || issue_open_key(order, &why) == -1 ||
	    issue_ask(order, "A TLS key and a request for a CA", order->words[0], &why) == -1 ||
	    issue_confirm(order, &why) == -1 || write_request(order, &bundle, &why) == -1)
		return say_failure(&why);
	if (!order->quiet)
		(void)printf(
		    "wrote %s  %s, mode 0600: it stays on this host\n"
		    "wrote %s  request: send this to the CA, and append its answer to the key\n",
		    order->words[0], order->key_url == NULL ? "key" : "the key's URL", csr);
	return EX_OK;
}

int
sign_ask(int argc, char *argv[])
{
	return issue_run(ORDER_CSR, REQUEST_SERVER, carry_out_ask, argc, argv);
}

/* -- for the CA -- */

/* The operator must see what is signed.  Without a terminal, --batch says that nobody will look. */
static int
confirm(struct order *order, const struct csr *csr, struct ca *ca, struct failure *why)
{
	const struct ca_secret secret = order_secret(order);

	if (!order->quiet || order_asks(order)) {
		(void)fprintf(stderr, "%s asks for a %s's certificate:\n", order->words[0],
		    order->for_client ? "client" : "server");
		report_request(&order->request, stderr);
		if (csr->left_out)
			say("note: the request asks for more than names; the rest is left out");
	}
	if (ca_permits(ca, &order->request, order->days_given, order->now, why) == -1 ||
	    ca_unlock(ca, &secret, why) == -1)
		return -1;
	return order_asks(order) ? prompt_confirm("Sign it?", stdin, stderr, why) : 0;
}

static int
sign_and_write(struct order *order, const struct csr *csr, const struct ca *ca,
    struct bundle *bundle, struct failure *why)
{
	struct casign sign;
	gnutls_x509_crt_t cert = NULL;
	char *pem = NULL, *chain = NULL, *all = NULL;
	int r = -1;

	if (casign_begin(&sign, ca, why) == -1)
		return -1;
	if ((cert = casign_issue(&sign, &order->request, csr->key, order->now, why)) != NULL &&
	    (pem = cert_pem(cert, why)) != NULL &&
	    (chain = pem_chain(ca->certs, ca->count, why)) != NULL) {
		if (asprintf(&all, "%s%s", pem, chain) == -1)
			all = NULL;
		bundle->files[0].data = all;
		bundle->files[0].len = all == NULL ? 0 : strlen(all);
		bundle->commit = casign_record;
		/* cppcheck-suppress autoVariables; reset below */
		bundle->context = &sign;
		r = all == NULL ? failure_set(why, EX_OSERR, "out of memory") :
				  bundle_write(bundle, why);
	}
	bundle->context = NULL;
	casign_end(&sign);
	if (r == 0 && !order->quiet) {
		(void)printf(
		    "wrote %s  certificate: give this to whoever asked\n", bundle->files[0].path);
		view_print(stdout, cert, order->now);
	}
	gnutls_x509_crt_deinit(cert);
	free(pem);
	free(chain);
	free(all);
	return r;
}

static int
read_request(struct order *order, struct csr *csr, struct failure *why)
{
	struct failure inside;
	char *pem = NULL;
	size_t len = 0;
	int r;

	if (file_read(order->words[0], FILE_PEM_MAX, &pem, &len, why) == -1)
		return -1;
	r = csr_read(pem, len, &order->request, csr, &inside);
	free(pem);
	if (r == -1)
		return failure_set(why, inside.code, "%s: %s", order->words[0], inside.text);
	return 0;
}

static int
carry_out_sign(struct order *order)
{
	char crt[PATH_MAX];
	struct bundle bundle;
	struct csr csr = { NULL, 0 };
	struct ca ca;
	struct failure why;
	int r;

	if (order->ca == NULL)
		return say_usage("sign: which CA? give --ca DIR, made by: inetls-certgen ca DIR");
	if (order->word_count != 1)
		return say_usage(
		    "sign: which REQUEST? one: inetls-certgen sign --ca DIR REQUEST.csr");
	if (!order_asks(order) && !order->batch)
		return say_usage(
		    "sign: run this on a terminal, to see what is signed, or give --batch to "
		    "sign it unseen");
	order->request.issued = 1;
	order->request.purpose = order->for_client ? REQUEST_CLIENT : REQUEST_SERVER;
	memset(&ca, 0, sizeof(ca));
	bundle_init(&bundle, order->force);
	bundle_add(&bundle, crt, 0644, NULL, 0);
	if ((r = other_ending(order->words[0], ".csr", ".crt", crt, &why)) == 0 &&
	    (r = bundle_vacant(&bundle, &why)) == 0 && (r = read_request(order, &csr, &why)) == 0 &&
	    (r = ca_open(&ca, order->ca, &why)) == 0 && (r = confirm(order, &csr, &ca, &why)) == 0)
		r = sign_and_write(order, &csr, &ca, &bundle, &why);
	gnutls_pubkey_deinit(csr.key);
	ca_close(&ca);
	return r == -1 ? say_failure(&why) : EX_OK;
}

int
sign_request(int argc, char *argv[])
{
	return issue_run(ORDER_SIGN, REQUEST_SERVER, carry_out_sign, argc, argv);
}
