#ifndef INETLS_TRUST_PEER_H
#define INETLS_TRUST_PEER_H

/* What a peer shows, in the words that the log, a pin and a program behind -l have for it. */

#define TRUST_PIN 53 /* "sha256//" and 44 characters of base64, with the NUL */

/* GnuTLS's gnutls_x509_crt_t points to it. */
struct gnutls_x509_crt_int;

struct trust_peer {
	char subject[256]; /* "" where it showed no certificate */
	char issuer[256];
	char fingerprint[65]; /* SHA-256 of the certificate, in hex */
	char pin[TRUST_PIN];
};

/* Fills in *p.  A name that cannot be told is "?", a fingerprint or pin stays as it was. */
void trust_peer_describe(struct trust_peer *p, struct gnutls_x509_crt_int *crt);

#endif
