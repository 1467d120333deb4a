#ifndef INETLS_OPTIONS_SET_H
#define INETLS_OPTIONS_SET_H

/* The functions that check and store one option's argument; rows of options_table.c name them. */

#include "options/options_row.h"

int options_set_backend(struct options *o, const char *text, struct failure *why);
int options_set_protocol(struct options *o, const char *text, struct failure *why);
int options_set_level(struct options *o, const char *text, struct failure *why);
int options_set_endpoint(struct options *o, const char *text, struct failure *why);
int options_set_service(struct options *o, const char *text, struct failure *why);
int options_set_source(struct options *o, const char *text, struct failure *why);
int options_set_transparent(struct options *o, const char *text, struct failure *why);
int options_set_verify(struct options *o, const char *text, struct failure *why);
int options_set_pin(struct options *o, const char *text, struct failure *why);
int options_set_peer_name(struct options *o, const char *text, struct failure *why);
int options_set_proxy_in(struct options *o, const char *text, struct failure *why);
int options_set_proxy_out(struct options *o, const char *text, struct failure *why);
int options_refuse_ident(struct options *o, const char *text, struct failure *why);
int options_refuse_terminal(struct options *o, const char *text, struct failure *why);

/* The types of field: const char *; bool; int64_t (milliseconds); int (1 to row->max). */
int options_keep_text(
    const struct options_row *row, void *field, const char *text, struct failure *why);
int options_keep_flag(
    const struct options_row *row, void *field, const char *text, struct failure *why);
int options_keep_duration(
    const struct options_row *row, void *field, const char *text, struct failure *why);
int options_keep_number(
    const struct options_row *row, void *field, const char *text, struct failure *why);

/* field is a const char *, the name of a user or group other than root. */
int options_keep_account(
    const struct options_row *row, void *field, const char *text, struct failure *why);

/* field is options.ineffective; the row's letter is added to it. */
int options_keep_letter(
    const struct options_row *row, void *field, const char *text, struct failure *why);

#endif
