/*
 * The certificate that is wanted.  The limits of X.520 and the form of ISO 3166 are checked here:
 * GnuTLS checks neither.
 */

#include "request/request.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nameservice.h"
#include "parse.h"
#include "request/scope.h"
#include "request/text.h"

#define DAYS_MAX 36500

void
request_init(struct request *request, enum request_purpose purpose)
{
	memset(request, 0, sizeof(*request));
	request->purpose = purpose;
	request->days = purpose == REQUEST_AUTHORITY ? REQUEST_CA_DAYS : REQUEST_DAYS;
}

int
request_add_name(struct request *request, const char *text, struct failure *why)
{
	struct name name;
	int authority = request->purpose == REQUEST_AUTHORITY;

	/* cppcheck-suppress uninitvar; either fills it in */
	if ((authority ? scope_parse : name_parse)(text, &name, why) == -1)
		return -1;
	for (size_t i = 0; i < request->name_count; i++)
		if (strcmp(request->names[i].text, name.text) == 0)
			return 0;
	if (request->name_count == REQUEST_NAMES_MAX)
		return failure_set(why, EX_DATAERR, "more than %d names", REQUEST_NAMES_MAX);
	request->names[request->name_count++] = name;
	return 0;
}

/* The canonical name of this host by /etc/hosts or DNS, or "" if no such name has a dot. */
static void
full_host_name(const char *host, char *full, size_t size)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM },
			*found = NULL;

	*full = '\0';
	nameservice_use_built_in();
	/*
	 * Without a network a DNS query may take half a minute, only for a default that the user
	 * can type.
	 */
	(void)setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return;
	if (found->ai_canonname != NULL && strchr(found->ai_canonname, '.') != NULL)
		(void)snprintf(full, size, "%s", found->ai_canonname);
	freeaddrinfo(found);
	if (*full != '\0' && full[strlen(full) - 1] == '.')
		full[strlen(full) - 1] = '\0';
}

/* The domain that a host is in.  It must have a dot, since nobody should sign for all of .org. */
static int
add_domain(struct request *request, const char *full)
{
	const char *dot = strchr(full, '.');

	if (dot == NULL || strchr(dot + 1, '.') == NULL)
		return -1;
	return request_add_name(request, dot + 1, NULL);
}

void
request_add_own_names(struct request *request)
{
	char host[NAME_MAX_LEN + 2], full[NAME_MAX_LEN + 2];

	if (gethostname(host, sizeof(host)) == 0) {
		host[sizeof(host) - 1] = '\0';
		full_host_name(host, full, sizeof(full));
		if (request->purpose == REQUEST_AUTHORITY && add_domain(request, full) == 0)
			return;
		/*
		 * A host's name may not be allowed in a certificate, for example db_1: then leave
		 * it out.
		 */
		(void)request_add_name(request, full, NULL);
		(void)request_add_name(request, host, NULL);
		host[strcspn(host, ".")] = '\0';
		(void)request_add_name(request, host, NULL);
	}
	(void)request_add_name(request, "localhost", NULL);
}

static int
set_names(struct request *request, const char *text, struct failure *why)
{
	struct request *wanted = calloc(1, sizeof(*wanted));
	char *copy = strdup(text), *rest = copy, *name;
	int r = 0;

	if (wanted == NULL || copy == NULL) {
		(void)failure_set(why, EX_OSERR, "out of memory");
		r = -1;
	} else
		wanted->purpose = request->purpose;
	while (r == 0 && (name = strsep(&rest, " \t,")) != NULL)
		if (*name != '\0')
			r = request_add_name(wanted, name, why);
	if (r == 0 && wanted->name_count == 0)
		r = failure_set(why, EX_DATAERR, "at least one name is needed");
	if (r == 0) {
		memcpy(request->names, wanted->names, sizeof(request->names));
		request->name_count = wanted->name_count;
	}
	free(copy);
	free(wanted);
	return r;
}

static int
set_text(char *field, long max, const char *text, struct failure *why)
{
	long len = text_length(text);

	if (len == -1)
		return failure_set(why, EX_DATAERR, "control characters, or not UTF-8");
	if (len > max)
		return failure_set(why, EX_DATAERR,
		    "%ld characters: at most %ld fit into a certificate", len, max);
	(void)snprintf(field, REQUEST_TEXT_MAX + 1, "%s", text);
	return 0;
}

int
request_set_common(struct request *request, const char *text, struct failure *why)
{
	if (*text == '\0')
		return failure_set(why, EX_DATAERR, "a name is empty");
	return set_text(request->common, 64, text, why);
}

static int
set_country(char *country, const char *text, struct failure *why)
{
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	if (text[len] != '\0' || (len != 0 && len != 2))
		return failure_set(why, EX_DATAERR,
		    "'%.20s' is not a country's two letters (ISO 3166): GB, DE, US", text);
	for (size_t i = 0; i < len; i++)
		country[i] = (char)(text[i] >= 'a' ? text[i] - 'a' + 'A' : text[i]);
	country[len] = '\0';
	return 0;
}

int
request_set(
    struct request *request, enum request_field field, const char *text, struct failure *why)
{
	switch (field) {
	case REQUEST_NAMES: return set_names(request, text, why);
	case REQUEST_ORG: return set_text(request->org, 64, text, why);
	case REQUEST_LOCALITY: return set_text(request->locality, 128, text, why);
	case REQUEST_STATE: return set_text(request->state, 128, text, why);
	case REQUEST_COUNTRY: return set_country(request->country, text, why);
	default:
		if (parse_number(text, 1, DAYS_MAX, &request->days) == -1)
			return failure_set(why, EX_DATAERR,
			    "'%.20s' is not a number of days from 1 to %d", text, DAYS_MAX);
		return 0;
	}
}

static void
join_names(const struct request *request, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < request->name_count && used < size; i++)
		used += (size_t)snprintf(
		    buf + used, size - used, "%s%s", i == 0 ? "" : " ", request->names[i].text);
}

const char *
request_get(const struct request *request, enum request_field field, char *buf, size_t size)
{
	const char *const texts[REQUEST_FIELDS] = {
		[REQUEST_ORG] = request->org,
		[REQUEST_LOCALITY] = request->locality,
		[REQUEST_STATE] = request->state,
		[REQUEST_COUNTRY] = request->country,
	};

	if (field == REQUEST_NAMES)
		join_names(request, buf, size);
	else if (field == REQUEST_VALID_DAYS)
		(void)snprintf(buf, size, "%ld", request->days);
	else
		(void)snprintf(buf, size, "%s", texts[field]);
	return buf;
}

const char *
request_host(const struct request *request, char *buf, size_t size)
{
	const char *host = request->names[0].text;

	for (size_t i = 0; i < request->name_count; i++)
		if (request->names[i].text[0] != '*')
			return request->names[i].text;
	(void)snprintf(buf, size, "db%s", host + 1);
	return buf;
}
