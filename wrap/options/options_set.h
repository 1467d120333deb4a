#ifndef INETLS_OPTIONS_SET_H
#define INETLS_OPTIONS_SET_H

/*
 * One option's argument, checked and put into its place; for options.c.  Each returns 0, or -1 and
 * *why: what is wrong with it, and what to write instead.
 */

#include "options/options.h"

int options_set_backend(struct options *o, const char *text, struct failure *why);

/* option is the name for the message. */
int options_set_duration(int64_t *ms, const char *option, const char *text, struct failure *why);
int options_set_protocol(struct options *o, const char *text, struct failure *why);
int options_set_user(const char **user, char letter, const char *name, struct failure *why);
int options_set_level(struct options *o, const char *text, struct failure *why);
int options_refuse_old(int letter, struct failure *why);
int options_set_endpoint(struct options *o, const char *text, struct failure *why);
int options_set_source(struct options *o, const char *text, struct failure *why);
int options_set_verify(struct options *o, const char *text, struct failure *why);
int options_add_pin(struct trust_config *c, const char *text, struct failure *why);
int options_add_name(struct trust_config *c, const char *text, struct failure *why);
int options_set_proxy_in(struct options *o, const char *text, struct failure *why);
int options_set_proxy_out(struct options *o, const char *text, struct failure *why);
int
options_set_number(int *out, const char *option, const char *text, long max, struct failure *why);

#endif
