#ifndef INETLS_ISSUE_H
#define INETLS_ISSUE_H

/*
 * The subcommands that make a server's key and certificate.  argv[0] is not looked at.  Both return
 * an exit code of sysexits(3) or a COMMAND_* of usage.h.
 */

#include "commands/order.h"

/* [options] FILE [NAME...]: self-signed. */
int issue_self_signed(int argc, char *argv[]);

/* server --ca DIR [options] FILE [NAME...]: signed by a CA. */
int issue_server(int argc, char *argv[]);

/*
 * What the other subcommands share: runs one of them with an order of its own.  carry_out returns 0
 * or an exit code, with its sentence printed.
 */
int issue_run(enum order_kind kind, enum request_purpose purpose,
    int (*carry_out)(struct order *order), int argc, char *argv[]);

/* Opens the CA of --ca and its key, and holds the request against both.  0, or -1 and *why. */
int issue_open_ca(struct order *order, struct ca *ca, struct failure *why);

/*
 * Asks what is to be asked.  what: "A key and ..., for FILE".  After it, and after what else is
 * asked or refused, comes issue_confirm, which shows it all and asks whether to write it.  Both
 * return 0, or -1 and *why.
 */
int issue_confirm(struct order *order, struct failure *why);
int issue_ask(struct order *order, const char *what, const char *file, struct failure *why);

#endif
