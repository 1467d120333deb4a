#ifndef INETLS_TRUST_PEER_H
#define INETLS_TRUST_PEER_H

/* What a peer's certificate says, in the form that the log, a pin and programs behind -l use. */

#define TRUST_PIN 53 /* "sha256//" and 44 characters of base64, with the NUL */

/* gnutls_x509_crt_t of GnuTLS points to this. */
struct gnutls_x509_crt_int;

struct trust_peer {
	char subject[256]; /* "" if it showed no certificate */
	char issuer[256];
	char fingerprint[65]; /* SHA-256 of the certificate, in hex */
	char pin[TRUST_PIN];
};

/*
 * Fills in *p.  If a name cannot be read it becomes "?"; a fingerprint or pin then stays unchanged.
 */
void trust_peer_describe(struct trust_peer *p, struct gnutls_x509_crt_int *crt);

#endif
