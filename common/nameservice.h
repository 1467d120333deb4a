#ifndef INETLS_NAMESERVICE_H
#define INETLS_NAMESERVICE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * A static build looks up users, services and hosts with glibc's built-in `files` and `dns` only.
 * Other services of nsswitch.conf would be loaded from shared objects made for another libc, and
 * crash.  Call this before the first look-up.  A LINK=shared build asks whatever nsswitch.conf
 * names.
 */
void nameservice_use_built_in(void);

/*
 * The uid and gid of a user, or if there is no such user those of the other one, which may be NULL.
 * Returns which of the two names it was, or NULL if there is neither.
 */
const char *nameservice_user(const char *name, const char *other, uid_t *uid, gid_t *gid);

/*
 * The host services that nsswitch.conf names and this build does not ask, as in "mdns4_minimal and
 * myhostname"; "" if none.  Returns buf.
 */
const char *nameservice_not_asked(char *buf, size_t size);

#endif
