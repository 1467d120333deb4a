#ifndef INETLS_LINE_H
#define INETLS_LINE_H

/*
 * The protocols in which both sides speak lines and a command asks for TLS: -n smtp, pop3, imap and
 * nntp.  line_words.h has their words.  These functions are for the table of protocols; protocol.h
 * says what they do.
 */

#include "protocol/protocol.h"

/* A server (line.c): greets, and answers until the client asks for TLS. */
enum protocol_verdict line_negotiate(struct protocol_talk *t, int fd, int64_t deadline);

/* The service behind it (line_service.c). */
int line_hear_greeting(struct protocol_talk *t, int service, int64_t deadline);
bool line_tell_unavailable(
    struct protocol_talk *t, struct tls *tls, const char *reason, int64_t deadline);
void line_check(const struct protocol_service *service, protocol_say *say, int64_t deadline);

/* A client (line_client.c). */
enum protocol_verdict line_ask_for_tls(struct protocol_talk *t, int fd, int64_t deadline);
enum protocol_passed line_pass_greeting(struct protocol_start *s, int64_t patience_ms);
void line_tell_local(
    struct protocol_talk *t, int fd_in, int fd_out, const char *reason, int64_t deadline);

#endif
