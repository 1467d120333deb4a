/*
 * Which files a client gets.  The user's name becomes a file name, so it must not lead to another
 * directory.
 */

#include "commands/form.h"

#include <stdio.h>
#include <string.h>

#include "dialogue/say.h"

int
form_choose(const struct order *order, enum form *form)
{
	if ((order->libpq != NULL) + (order->p12 != NULL) + order->pk8 > 1)
		return say_usage("client: give only one of --libpq, --p12 and --pk8");
	if (order->p12 == NULL && (order->legacy || order->p12_password_file != NULL))
		return say_usage("client: --legacy and --p12-password-file need --p12");
	if (order->p12 != NULL && order->p12_password_file == NULL && !order_asks(order))
		return say_usage(
		    "client: a PKCS#12 needs a password: give --p12-password-file FILE, or "
		    "run this on a terminal");
	*form = FORM_PEM;
	if (order->libpq != NULL)
		*form = FORM_LIBPQ;
	else if (order->p12 != NULL)
		*form = FORM_P12;
	else if (order->pk8)
		*form = FORM_PK8;
	return 0;
}

/* Joins a path.  Cut off, it would be another file's: 0, or EX_USAGE with the sentence printed. */
static int
join(char path[PATH_MAX], const char *begin, const char *end)
{
	if (snprintf(path, PATH_MAX, "%s%s", begin, end) < PATH_MAX)
		return 0;
	return say_usage("client: the path %.60s... is too long", begin);
}

int
form_paths(const struct order *order, enum form form, char paths[FORM_FILES][PATH_MAX])
{
	static const char *const libpq[FORM_FILES] = { "/postgresql.key", "/postgresql.crt",
		"/root.crt" };
	const char *user = order->words[0];
	int r = 0;

	if (form == FORM_LIBPQ) {
		for (size_t i = 0; i < FORM_FILES && r == 0; i++)
			r = join(paths[i], order->libpq, libpq[i]);
		return r;
	}
	if (form == FORM_P12)
		return join(paths[0], order->p12, "");
	if (strchr(user, '/') != NULL || *user == '.' || *user == '-')
		return say_usage(
		    "client: '%.60s' cannot be the name of a file: give --libpq DIR or --p12 "
		    "FILE",
		    user);
	r = join(paths[0], user, form == FORM_PK8 ? ".pk8" : ".pem");
	return r == 0 ? join(paths[1], user, ".crt") : r;
}
