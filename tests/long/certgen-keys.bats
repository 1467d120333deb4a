# OpenSSL and GnuTLS read every kind of key that inetls-certgen makes.

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca

setup() {
	lib_before
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

@test "every kind of key is verified by OpenSSL at its strictest, and fails for another name" {
	local kind bits
	for kind in ecdsa-p256:256 ecdsa-p384:384 rsa:2048:2048 rsa:3072:3072 rsa:4096:4096; do
		bits=${kind##*:}
		kind=${kind%:*}
		batch --quiet --key "$kind" "./$bits.pem" db.example.org '*.wild.example' 10.0.0.1 ::1
		verified "$bits.crt" -verify_hostname db.example.org
		verified "$bits.crt" -verify_hostname any.wild.example
		verified "$bits.crt" -verify_ip 10.0.0.1
		verified "$bits.crt" -verify_ip ::1
		run ! verified "$bits.crt" -verify_hostname other.example.org
		run ! verified "$bits.crt" -verify_hostname a.b.wild.example
		run ! verified "$bits.crt" -verify_ip 10.0.0.2
		run ! verified "$bits.crt" -purpose sslclient
		[[ $(openssl x509 -in "$bits.crt" -noout -text) == *"Public-Key: ($bits bit)"* ]]
		a_pair "$bits"
	done
}

@test "every kind of key, of the CA and of the server, verifies by OpenSSL and GnuTLS at their strictest" {
	local ca leaf
	for ca in ecdsa-p256 ecdsa-p384 rsa:2048; do
		make_ca "ca-$ca" --key "$ca"
		for leaf in ecdsa-p256 ecdsa-p384 rsa:3072; do
			certgen server --quiet --ca "ca-$ca" --key "$leaf" "./$leaf.pem" db.example.org '*.wild.example.org' 127.0.0.1
			openssl verify -x509_strict -purpose sslserver -verify_hostname db.example.org -CAfile "ca-$ca/ca.crt" "$leaf.crt"
			openssl verify -x509_strict -verify_hostname any.wild.example.org -CAfile "ca-$ca/ca.crt" "$leaf.crt"
			certtool --verify --verify-hostname db.example.org --load-ca-certificate "ca-$ca/ca.crt" < "$leaf.crt" > /dev/null
			run ! openssl verify -purpose sslclient -CAfile "ca-$ca/ca.crt" "$leaf.crt"
			rm "$leaf.pem" "$leaf.crt"
		done
	done
}
