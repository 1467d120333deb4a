#ifndef INETLS_ISSUE_H
#define INETLS_ISSUE_H

/*
 * The subcommands that make a server's key and certificate.  They do not look at argv[0].  Both
 * return an exit code of sysexits(3) or a COMMAND_* of usage.h.
 */

#include "commands/order.h"

/* [options] FILE [NAME...]: self-signed. */
int issue_self_signed(int argc, char *argv[]);

/* server --ca DIR [options] FILE [NAME...]: signed by a CA. */
int issue_server(int argc, char *argv[]);

/*
 * Shared by the other subcommands: reads the order and calls carry_out with it, which returns 0 or
 * an exit code with its sentence printed.
 */
int issue_run(enum order_kind kind, enum request_purpose purpose,
    int (*carry_out)(struct order *order), int argc, char *argv[]);

/*
 * Opens the CA of --ca and its key, and checks that the CA may sign the request.  0, or -1 and
 * *why.
 */
int issue_open_ca(struct order *order, struct ca *ca, struct failure *why);

/*
 * issue_ask asks the questions; what is "A key and ..., for FILE".  issue_confirm, called after all
 * other questions and checks, shows the summary and asks whether to write it.  Both return 0, or -1
 * and *why.
 */
int issue_confirm(struct order *order, struct failure *why);
int issue_ask(struct order *order, const char *what, const char *file, struct failure *why);

/*
 * issue_open_key: with --key URL, opens the token and finds out the kind of key; else does nothing.
 * issue_take_key: that key, or a new one; the caller frees it.  0, or -1 and *why.
 */
int issue_open_key(struct order *order, struct failure *why);
int issue_take_key(struct order *order, struct key *key, struct failure *why);

#endif
