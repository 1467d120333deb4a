#ifndef INETLS_PROGRAM_FACTS_H
#define INETLS_PROGRAM_FACTS_H

/* What a program behind TLS (-l) is told about its connection. */

struct program_facts {
	char protocol[16], cipher[32], sni[256];
	char client_subject[256], client_issuer[256], client_sha256[65];
	int client_verified; /* the certificate was verified, and not only asked for */
	char remote_ip[64], remote_port[8], local_ip[64], local_port[8];
};

/*
 * Puts them into the environment, under the names of mod_ssl and ucspi-tcp; of "" the variable is
 * removed.  They may come from a session that the peer has taken over: texts that do not end are
 * ended first.
 */
void program_facts_export(struct program_facts *facts);

#endif
