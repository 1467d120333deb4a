/* Keys in a token, in a static build: it cannot load a module. */

#include "token.h"

#include <string.h>

int
token_open(struct token *t, struct failure *why)
{
	return failure_set(why, EX_CONFIG,
	    "%s: this program is linked statically and cannot load a token's module; build it with: "
	    "make LINK=shared",
	    t->url.text);
}

ssize_t
token_chain(struct token *t, char **chain, struct failure *why)
{
	*chain = NULL;
	return token_blame(t, 0, why);
}

int
token_blame(const struct token *t, int error, struct failure *why)
{
	(void)error;
	return failure_set(why, EX_CONFIG, "%s: no token in a static build", t->url.text);
}

bool
token_is_lost(int error)
{
	(void)error;
	return false;
}

void
token_close(struct token *t)
{
	explicit_bzero(t, sizeof(*t));
}
