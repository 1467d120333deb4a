# Servers with certificates of certgen's CA, and servers that every client must refuse; loaded after lib and ca.

# good_and_bad_servers: makes the CA and PEMs in $T.  server and self are good, for db.example.org and localhost.  Each
# of the others has one fault, and otherwise the same key, names and CA as server.
good_and_bad_servers() {
	make_ca "$T/ca"
	(
		cd "$T" || exit
		certgen server --quiet --ca ca server.pem db.example.org localhost 127.0.0.1
		certgen --quiet self.pem db.example.org localhost
		certgen server --quiet --ca ca elsewhere.pem db.example.org
		certgen server --quiet --ca ca revoked.pem db.example.org localhost
		certgen revoke --quiet --ca ca revoked.pem
		make_ca other
		flipped server.crt flipped.crt
		flipped self.crt flipped-self.crt
		with_key flipped
		by_hand expired 2023-01-01 DNS:db.example.org,DNS:localhost
		by_hand early "$(($(date +%Y) + 2))-01-01" DNS:db.example.org,DNS:localhost
		by_hand outside "$(date +%F)" DNS:db.example.org,DNS:localhost,DNS:db.example.com,IP:10.0.0.1
		# First show that such a certificate without a fault is accepted, so that the others are refused for their faults.
		by_hand right "$(date +%F)" DNS:db.example.org,DNS:localhost
	)
}

# with_key NAME: makes NAME.pem from the server's key and NAME.crt.
with_key() {
	(umask 077 && sed '/BEGIN CERT/,$d' server.pem | cat - "$1.crt" > "$1.pem")
}

# by_hand NAME DAY NAMES: signs with the CA's key what certgen would refuse to sign: 90 days from that day.
by_hand() {
	openssl req -new -key server.pem -subj /CN=db.example.org -out "$1.csr"
	# A day earlier, in case that day has not begun in this time zone.
	TZ=UTC faketime -f "@$(date -d "$2 -1 day" +%F) 12:00:00" openssl x509 -req -in "$1.csr" -CA ca/ca.crt -CAkey ca/ca.key \
		-out "$1.crt" -days 90 -extfile <(printf '%s\n' "subjectAltName=$3" basicConstraints=critical,CA:FALSE \
		keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth subjectKeyIdentifier=hash \
		authorityKeyIdentifier=keyid) 2> /dev/null
	with_key "$1"
}
