#ifndef INETLS_NAMESERVICE_H
#define INETLS_NAMESERVICE_H

/*
 * Users, services and hosts of a static build come from glibc's built-in `files` and `dns`: what
 * else nsswitch.conf names would be loaded from shared objects that were made for another libc, and
 * crash. Call it before the first look-up; a LINK=shared build asks whatever nsswitch.conf names.
 */
void nameservice_use_built_in(void);

#endif
