#ifndef INETLS_SIGN_H
#define INETLS_SIGN_H

/* The subcommands of requests.  Both return an exit code or a COMMAND_* of usage.h. */

/* csr [options] FILE [NAME...]: a key in FILE and a request for somebody else's CA beside it. */
int sign_ask(int argc, char *argv[]);

/* sign --ca DIR [--client] REQUEST: what somebody asks for, shown, confirmed and signed. */
int sign_request(int argc, char *argv[]);

#endif
