#ifndef INETLS_ADDRESS_H
#define INETLS_ADDRESS_H

/* Socket addresses as they are written: "5432", "localhost:5432", "[::1]:5432", "/run/x.sock". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "failure.h"

#define ADDRESS_MAX 8    /* addresses of one name that are tried; more are left out */
#define ADDRESS_TEXT 128 /* a formatted address, with its NUL */

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct address_list {
	struct address at[ADDRESS_MAX];
	int n;
};

/* What "[host:]port" says.  Without a host, host is "". */
struct endpoint {
	char host[256];
	char port[32];
};

/* Splits at the last colon.  0, or -1 where the text is not of that form. */
int address_split(const char *text, struct endpoint *out);

/*
 * Resolves to TCP addresses.  Numbers and "localhost" (127.0.0.1, then ::1) ask nobody; an empty
 * host is localhost, or every address of this machine where listening (::, then 0.0.0.0). 0, or -1
 * and *why (EX_UNAVAILABLE where the name does not resolve, EX_USAGE for a bad port).
 */
int address_resolve(
    const struct endpoint *e, bool listening, struct address_list *out, struct failure *why);

/* An address alone, without a port and an interface ("127.0.0.77", "::1"): 0, or -1. */
int address_parse_ip(const char *text, struct address *out);

/*
 * The same, where a link-local address of IPv6 may have its interface (RFC 4007, 11):
 * "fe80::1%eth0", or the interface's number, which asks nobody.  0, ADDRESS_NONE, or
 * ADDRESS_NO_INTERFACE where there is none of that name.
 */
int address_parse_scoped(const char *text, struct address *out);
enum { ADDRESS_NONE = -1, ADDRESS_NO_INTERFACE = -2 };

/* Whether it is a link-local one of IPv6: it means something on one interface alone. */
bool address_is_link_local(const struct address *a);

/* The number of the interface, or 0. */
uint32_t address_interface(const struct address *a);

/* A host as a certificate has it: without an interface. */
void address_bare_host(const char *host, char out[256]);

/* The address of a Unix socket: 0, or -1 where the path is too long. */
int address_unix(const char *path, struct address *out);

/*
 * "203.0.113.7:51234", "[2001:db8::1]:5", "[fe80::1%2]:5", "unix"; an IPv4 address mapped into IPv6
 * is shown as IPv4, and an interface by its number, since its name cannot be asked for once
 * confined.
 */
void address_format(const struct address *a, char out[ADDRESS_TEXT]);

/* The TCP port, or 0. */
uint16_t address_port(const struct address *a);

/* The other end's or our own address of a socket; AF_UNSPEC where there is none. */
void address_get_peer(int fd, struct address *out);
void address_get_self(int fd, struct address *out);

/* Our own, formatted; "-" where there is none. */
void address_of_self(int fd, char out[ADDRESS_TEXT]);

/* IP and port apart, for an environment; "" where there is none. */
void address_words(const struct address *a, char ip[64], char port[8]);

#endif
