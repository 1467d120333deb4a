#ifndef INETLS_KIND_H
#define INETLS_KIND_H

/*
 * Which subcommands accept an option: the first argument of order_read, and a column of its table.
 */
enum order_kind {
	ORDER_SELF = 1 << 0,
	ORDER_AUTHORITY = 1 << 1,
	ORDER_SERVER = 1 << 2,
	ORDER_CLIENT = 1 << 3,
	ORDER_CSR = 1 << 4,
	ORDER_SIGN = 1 << 5,
	ORDER_REVOKE = 1 << 6,
	ORDER_CRL = 1 << 7,
	ORDER_RENEW = 1 << 8,
};

#endif
