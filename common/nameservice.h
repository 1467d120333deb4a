#ifndef INETLS_NAMESERVICE_H
#define INETLS_NAMESERVICE_H

#include <sys/types.h>

/*
 * Users, services and hosts of a static build come from glibc's built-in `files` and `dns`: what
 * else nsswitch.conf names would be loaded from shared objects that were made for another libc, and
 * crash. Call it before the first look-up; a LINK=shared build asks whatever nsswitch.conf names.
 */
void nameservice_use_built_in(void);

/* The ids of a user: 0, or -1 where there is none. */
int nameservice_user(const char *name, uid_t *uid, gid_t *gid);

#endif
