#ifndef INETLS_NAMESERVICE_H
#define INETLS_NAMESERVICE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Users, services and hosts of a static build come from glibc's built-in `files` and `dns`: what
 * else nsswitch.conf names would be loaded from shared objects that were made for another libc, and
 * crash. Call it before the first look-up; a LINK=shared build asks whatever nsswitch.conf names.
 */
void nameservice_use_built_in(void);

/* The ids of a user: 0, or -1 where there is none. */
int nameservice_user(const char *name, uid_t *uid, gid_t *gid);

/*
 * What nsswitch.conf asks for hosts and this build does not, as in "mdns4_minimal and myhostname";
 * "" where there is nothing.  Returns buf.
 */
const char *nameservice_not_asked(char *buf, size_t size);

#endif
