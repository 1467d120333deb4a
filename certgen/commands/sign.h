#ifndef INETLS_SIGN_H
#define INETLS_SIGN_H

/* The subcommands for requests.  Both return an exit code or a COMMAND_* of usage.h. */

/* csr [options] FILE [NAME...]: makes a key in FILE, and beside it a request for another CA. */
int sign_ask(int argc, char *argv[]);

/* sign --ca DIR [--client] REQUEST: shows the request, asks, and signs it. */
int sign_request(int argc, char *argv[]);

#endif
