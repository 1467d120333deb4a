/* Recognises one typing error in a word; with two, it could be anything. */

#include "commands/spelling.h"

#include <stdio.h>
#include <string.h>

#include "commands/kind.h"

/* In the order of the usage text. */
static const struct {
	int kind; /* 0: it reads its options itself */
	const char *name;
} commands[] = {
	{ ORDER_SELF, "the first form" },
	{ ORDER_AUTHORITY, "ca" },
	{ ORDER_SERVER, "server" },
	{ ORDER_CLIENT, "client" },
	{ ORDER_CSR, "csr" },
	{ ORDER_SIGN, "sign" },
	{ ORDER_RENEW, "renew" },
	{ ORDER_REVOKE, "revoke" },
	{ ORDER_CRL, "crl" },
	{ 0, "show" },
	{ 0, "check" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

bool
spelling_is_near(const char *word, const char *meant)
{
	size_t a = strlen(word), b = strlen(meant), same = 0;
	const char *rest, *meant_rest;

	while (word[same] != '\0' && word[same] == meant[same])
		same++;
	rest = word + same;
	meant_rest = meant + same;
	if (a == b && *rest == '\0')
		return true;
	if (a == b)
		return strcmp(rest + 1, meant_rest + 1) == 0 ||
		    (rest[0] == meant_rest[1] && rest[1] == meant_rest[0] &&
			strcmp(rest + 2, meant_rest + 2) == 0);
	if (a + 1 == b)
		return strcmp(rest, meant_rest + 1) == 0;
	return a == b + 1 && strcmp(rest + 1, meant_rest) == 0;
}

const char *
spelling_command(const char *word)
{
	for (size_t i = 1; i < COMMANDS; i++)
		if (strcmp(word, commands[i].name) == 0)
			return commands[i].name;
	/* Words of two letters are too near to too many others. */
	for (size_t i = 1; strlen(word) > 2 && i < COMMANDS; i++)
		if (spelling_is_near(word, commands[i].name))
			return commands[i].name;
	return NULL;
}

const char *
spelling_kinds(int kinds, char *buf, size_t size)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < COMMANDS && used < size; i++) {
		if ((kinds & commands[i].kind) == 0)
			continue;
		kinds &= ~commands[i].kind;
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
		    used == 0      ? "" :
			kinds == 0 ? " and " :
				     ", ",
		    commands[i].name);
	}
	return buf;
}
