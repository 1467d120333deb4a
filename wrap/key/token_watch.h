#ifndef INETLS_TOKEN_WATCH_H
#define INETLS_TOKEN_WATCH_H

/*
 * Ends a keyholder whose token does not answer: a module may wait for ever.  Whoever waits at the
 * keyholder's channel gets the reason first.
 */

/* From now on the reason goes to fd.  Without this call, nothing is watched. */
void token_watch_tell(int fd);

/*
 * begin: a call into the token's module follows; path and url, which has no PIN (token_url.h), are
 * for the message.  end: it has returned.
 */
void token_watch_begin(const char *path, const char *url);
void token_watch_end(void);

#endif
