/* What the protocols of lines say before TLS. */

#include "protocol/line_words.h"

/*
 * RFC 3207, 4: every command but EHLO, NOOP, STARTTLS and QUIT gets 530.  Nothing but STARTTLS is
 * announced: the service says after the handshake what else it can do.
 */
static const struct line_command smtp[] = {
	{ "EHLO", LINE_NEEDS_ARGUMENT, LINE_STAY, "250-$H\r\n250 STARTTLS\r\n" },
	{ "HELO", LINE_NEEDS_ARGUMENT, LINE_STAY, "250 $H\r\n" },
	{ "NOOP", LINE_ANY_ARGUMENT, LINE_STAY, "250 OK\r\n" },
	{ "QUIT", LINE_NO_ARGUMENT, LINE_LEAVE, "221 $H closes the connection\r\n" },
	{ "STARTTLS", LINE_NO_ARGUMENT, LINE_START, "220 begin TLS now\r\n" },
	{ .answer = "530 Must issue a STARTTLS command first\r\n" },
};

/* example.org takes no mail (RFC 2606), and none is sent: there is no DATA. */
static const char *const smtp_relay[] = { "MAIL FROM:<>\r\n", "RCPT TO:<check@example.org>\r\n",
	NULL };

const struct line_words line_smtp = {
	.line_max = 512,
	.ending = LINE_BY_HYPHEN,
	.greeting = "220 $H ESMTP\r\n",
	.commands = smtp,
	.bad_argument = "501 Syntax error in parameters or arguments\r\n",
	.down = "421 $H Service not available: $R\r\n",
	.probes = smtp_relay,
	.granted = "25",
	.welcome = "220",
	.ask = "EHLO $H\r\n",
	.list = "250",
	.offer = "STARTTLS",
	.start = "STARTTLS\r\n",
	.go = "220",
};

/*
 * The greeting has no timestamp, so no client tries APOP with it: the service would not know that
 * timestamp.
 */
static const struct line_command pop3[] = {
	{ "CAPA", LINE_ANY_ARGUMENT, LINE_STAY, "+OK capability list follows\r\nSTLS\r\n.\r\n" },
	{ "QUIT", LINE_ANY_ARGUMENT, LINE_LEAVE, "+OK closing the connection\r\n" },
	{ "STLS", LINE_NO_ARGUMENT, LINE_START, "+OK begin TLS now\r\n" },
	{ .answer = "-ERR TLS is required: use STLS first\r\n" },
};

const struct line_words line_pop3 = {
	.line_max = 512,
	.ending = LINE_BY_DOT,
	.greeting = "+OK POP3 server ready\r\n",
	.commands = pop3,
	.bad_argument = "-ERR no argument expected\r\n",
	.down = "-ERR [SYS/TEMP] $R\r\n", /* RFC 3206 */
	.welcome = "+OK",
	.ask = "CAPA\r\n",
	.list = "+OK",
	.offer = "STLS",
	.start = "STLS\r\n",
	.go = "+OK",
};

/* RFC 5530 has PRIVACYREQUIRED for those that would send a password in clear. */
static const struct line_command imap[] = {
	{ "CAPABILITY", LINE_NO_ARGUMENT, LINE_STAY,
	    "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n$T OK completed\r\n" },
	{ "NOOP", LINE_NO_ARGUMENT, LINE_STAY, "$T OK completed\r\n" },
	{ "ID", LINE_NEEDS_ARGUMENT, LINE_STAY, "* ID NIL\r\n$T OK completed\r\n" },
	{ "LOGOUT", LINE_NO_ARGUMENT, LINE_LEAVE,
	    "* BYE closing the connection\r\n$T OK completed\r\n" },
	{ "STARTTLS", LINE_NO_ARGUMENT, LINE_START, "$T OK begin TLS now\r\n" },
	{ "LOGIN", LINE_ANY_ARGUMENT, LINE_STAY,
	    "$T NO [PRIVACYREQUIRED] TLS is required: use STARTTLS first\r\n" },
	{ "AUTHENTICATE", LINE_ANY_ARGUMENT, LINE_STAY,
	    "$T NO [PRIVACYREQUIRED] TLS is required: use STARTTLS first\r\n" },
	{ .answer = "$T BAD TLS is required: use STARTTLS first\r\n" },
};

const struct line_words line_imap = {
	.line_max = LINE_MAX_BYTES, /* RFC 7162, 4 */
	.ending = LINE_BY_TAG,
	.greeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] IMAP server ready\r\n",
	.commands = imap,
	.bad_argument = "$T BAD wrong arguments\r\n",
	.bad_tag = "* BAD a command begins with its tag\r\n",
	.down = "* BYE $R\r\n",
	.welcome = "* OK", /* not PREAUTH: after that RFC 3501, 6.2.1 allows no STARTTLS */
	.ask = "$T CAPABILITY\r\n",
	.list = "$T OK",
	.offer = "STARTTLS",
	.start = "$T STARTTLS\r\n",
	.go = "$T OK",
};

static const struct line_command nntp[] = {
	{ "CAPABILITIES", LINE_ANY_ARGUMENT, LINE_STAY,
	    "101 capability list follows\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n" },
	{ "QUIT", LINE_NO_ARGUMENT, LINE_LEAVE, "205 closing the connection\r\n" },
	{ "STARTTLS", LINE_NO_ARGUMENT, LINE_START, "382 begin TLS now\r\n" },
	{ .answer = "483 TLS is required: use STARTTLS first\r\n" },
};

/*
 * 200 and not 201: some clients never ask again whether they may post, and the service refuses it
 * itself.
 */
const struct line_words line_nntp = {
	.line_max = 512,
	.ending = LINE_BY_DOT,
	.greeting = "200 NNTP server ready\r\n",
	.commands = nntp,
	.bad_argument = "501 no argument expected\r\n",
	.down = "400 $R\r\n",
	.welcome = "20",
	.ask = "CAPABILITIES\r\n",
	.list = "101",
	.offer = "STARTTLS",
	.start = "STARTTLS\r\n",
	.go = "382",
};
