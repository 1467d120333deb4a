/* ca: makes a new CA. */

#include "commands/authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/ca.h"
#include "ca/cadir.h"
#include "x509/cert.h"
#include "file.h"
#include "ca/index.h"
#include "commands/issue.h"
#include "x509/key.h"
#include "dialogue/passphrase.h"
#include "commands/report.h"
#include "dialogue/say.h"

static int
choose_passphrase(const struct order *order, struct passphrase *passphrase, struct failure *why)
{
	*passphrase->text = '\0';
	if (order->password_file != NULL)
		return passphrase_read(order->password_file, passphrase, why);
	if (!order_asks(order))
		return 0;
	return passphrase_choose(
	    "A passphrase for its key (empty: none)", 1, stdin, stderr, passphrase, why);
}

/* The CA's common name, which clients show. */
static int
name_authority(struct request *request, struct failure *why)
{
	char common[NAME_MAX_LEN + 16];

	if (request->name_count == 0)
		return failure_set(why, EX_USAGE,
		    "which domains may it sign for? inetls-certgen ca DIR example.org");
	(void)snprintf(common, sizeof(common), "%s CA", request->names[0].text);
	return request_set_common(request, strlen(common) <= 64 ? common : "inetls CA", why);
}

static int
write_authority(const struct order *order, const char *dir, const struct passphrase *passphrase,
    struct failure *why)
{
	struct key key;
	gnutls_x509_crt_t cert = NULL;
	char *key_text = NULL, *cert_text = NULL;
	int r = -1;

	if (key_make(&key, order->request.key, why) == -1 ||
	    (cert = cert_make(&order->request, &key, order->now, why)) == NULL)
		goto out;
	cert_text = cert_pem(cert, why);
	key_text = *passphrase->text == '\0' ? key_pem(&key, why) :
					       key_pem_locked(&key, passphrase->text, why);
	if (cert_text != NULL && key_text != NULL)
		r = cadir_create(dir, &(struct cadir){ key_text, cert_text, INDEX_HEAD }, why);
	if (r == 0 && !order->quiet)
		report_authority(dir, cert, *passphrase->text != '\0');
out:
	file_wipe(key_text, key_text == NULL ? 0 : strlen(key_text));
	free(cert_text);
	gnutls_x509_crt_deinit(cert);
	key_free(&key);
	return r;
}

static int
carry_out_create(struct order *order)
{
	struct passphrase passphrase;
	struct failure why;
	const char *dir;
	int r;

	if (order->word_count == 0)
		return say_usage(
		    "ca: which directory? inetls-certgen ca DIR [DOMAIN...]; see --help");
	if ((r = order_take_names(order, 1)) != 0)
		return r;
	dir = order->words[0];
	if (cadir_vacant(dir, &why) == -1)
		return say_failure(&why);
	if (order->request.name_count == 0)
		request_add_own_names(&order->request);
	if ((r = issue_ask(order, "A CA of your own", dir, &why)) == 0 &&
	    (r = name_authority(&order->request, &why)) == 0 &&
	    (r = choose_passphrase(order, &passphrase, &why)) == 0 &&
	    (r = issue_confirm(order, &why)) == 0)
		r = write_authority(order, dir, &passphrase, &why);
	passphrase_wipe(&passphrase);
	return r == -1 ? say_failure(&why) : EX_OK;
}

int
authority_create(int argc, char *argv[])
{
	return issue_run(ORDER_AUTHORITY, REQUEST_AUTHORITY, carry_out_create, argc, argv);
}
