/* What a program is told about its connection. */

#include "service/program_facts.h"

#include <stddef.h>
#include <stdlib.h>

static void
set(const char *name, const char *value)
{
	/* A variable of that name that we inherited describes some other connection. */
	if (value[0] != '\0')
		(void)setenv(name, value, 1);
	else
		(void)unsetenv(name);
}

static void
end_text(char *text, size_t size)
{
	text[size - 1] = '\0';
}

/*
 * The peer may have taken over the session, so the texts may not end.  Only the message's size was
 * checked.
 */
static void
end_texts(struct program_facts *f)
{
	end_text(f->protocol, sizeof(f->protocol));
	end_text(f->cipher, sizeof(f->cipher));
	end_text(f->sni, sizeof(f->sni));
	end_text(f->client_subject, sizeof(f->client_subject));
	end_text(f->client_issuer, sizeof(f->client_issuer));
	end_text(f->client_sha256, sizeof(f->client_sha256));
	end_text(f->remote_ip, sizeof(f->remote_ip));
	end_text(f->remote_port, sizeof(f->remote_port));
	end_text(f->local_ip, sizeof(f->local_ip));
	end_text(f->local_port, sizeof(f->local_port));
}

void
program_facts_export(struct program_facts *f)
{
	end_texts(f);
	set("PROTO", "TCP");
	set("TCPREMOTEIP", f->remote_ip);
	set("TCPREMOTEPORT", f->remote_port);
	set("TCPLOCALIP", f->local_ip);
	set("TCPLOCALPORT", f->local_port);
	set("REMOTE_HOST", f->remote_ip);
	set("REMOTE_ADDR", f->remote_ip);
	set("REMOTE_PORT", f->remote_port);
	/*
	 * Not looked up here.  Values that tcpserver has set may describe a proxy, so they are
	 * removed.
	 */
	set("TCPREMOTEHOST", "");
	set("TCPREMOTEINFO", "");
	set("TCPLOCALHOST", "");
	set("HTTPS", "on");
	set("SSL_PROTOCOL", f->protocol);
	set("SSL_CIPHER", f->cipher);
	set("SSL_TLS_SNI", f->sni);
	set("SSL_CLIENT_VERIFY",
	    f->client_subject[0] == '\0' ? "NONE" :
		f->client_verified       ? "SUCCESS" :
					   "GENEROUS");
	set("SSL_CLIENT_S_DN", f->client_subject);
	set("SSL_CLIENT_I_DN", f->client_issuer);
	set("SSL_CLIENT_CERT_SHA256", f->client_sha256);
	/* stunnel's name for it. */
	set("SSL_CLIENT_DN", f->client_subject);
}
