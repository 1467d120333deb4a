#ifndef INETLS_ADDRESS_H
#define INETLS_ADDRESS_H

/* Socket addresses as they are written: "5432", "localhost:5432", "[::1]:5432", "/run/x.sock". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "failure.h"

#define ADDRESS_MAX 8    /* how many addresses of one name are tried; the rest are ignored */
#define ADDRESS_TEXT 128 /* a formatted address, with its NUL */

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

struct address_list {
	struct address at[ADDRESS_MAX];
	int n;
};

/* The parts of "[host:]port"; host is "" if there is none. */
struct endpoint {
	char host[256];
	char port[32];
};

/* Splits the text at its last colon.  0, or -1 if it does not have that form. */
int address_split(const char *text, struct endpoint *out);

/*
 * Resolves to TCP addresses.  Numbers and "localhost" (127.0.0.1, then ::1) need no name service.
 * An empty host is localhost, or with listening every address of this machine (::, then 0.0.0.0).
 * 0, or -1 and *why (EX_UNAVAILABLE if the name does not resolve, EX_USAGE for a bad port).
 */
int address_resolve(
    const struct endpoint *e, bool listening, struct address_list *out, struct failure *why);

/* Parses an address without port and interface ("127.0.0.77", "::1"): 0, or -1. */
int address_parse_ip(const char *text, struct address *out);

/*
 * The same, but a link-local IPv6 address may have its interface (RFC 4007, 11): "fe80::1%eth0", or
 * the interface's number, which needs no look-up.  0, ADDRESS_NONE, or ADDRESS_NO_INTERFACE if
 * there is no interface of that name.
 */
int address_parse_scoped(const char *text, struct address *out);
enum { ADDRESS_NONE = -1, ADDRESS_NO_INTERFACE = -2 };

/* Whether it is a link-local IPv6 address, which is valid on one interface only. */
bool address_is_link_local(const struct address *a);

/* The number of the interface, or 0. */
uint32_t address_interface(const struct address *a);

/* Copies a host without its interface, as a certificate has it. */
void address_bare_host(const char *host, char out[256]);

/* The address of a Unix socket: 0, or -1 where the path is too long. */
int address_unix(const char *path, struct address *out);

/*
 * Formats: "203.0.113.7:51234", "[2001:db8::1]:5", "[fe80::1%2]:5", "unix".  An IPv4 address mapped
 * into IPv6 is shown as IPv4.  An interface is shown by its number, since a confined process cannot
 * look up its name.
 */
void address_format(const struct address *a, char out[ADDRESS_TEXT]);

/* The TCP port, or 0; and sets it.  An address without ports is left as it is. */
uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);

/* The address of the other end of a socket, or our own; AF_UNSPEC if there is none. */
void address_get_peer(int fd, struct address *out);
void address_get_self(int fd, struct address *out);

/* Our own address, formatted; "-" if there is none. */
void address_of_self(int fd, char out[ADDRESS_TEXT]);

/* IP and port as two texts, for an environment; "" if there is none. */
void address_words(const struct address *a, char ip[64], char port[8]);

#endif
