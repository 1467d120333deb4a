# Keys in a token (PKCS #11): inetls-certgen makes certificates and requests with them, and the lines of its page work as
# they stand there.

load ../lib/lib
load ../lib/token

setup_file() {
	lib_begin
	token_begin
}

setup() {
	lib_before
	need softhsm2-util
	need pkcs11-tool
	cd "$T" || return
}

@test "a self-signed certificate, its renewal, show and check, with each kind of key in the token" {
	local key pin
	for key in rsa p256 p384; do
		run "$CERTGEN" --batch --key "$(token_url "$key")" "./$key.pem" db.example.org
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"wrote ./$key.pem  the key's URL and certificate, mode 0600"* ]]
		[ "$(stat -c %a "$key.pem")" = 600 ]
		grep -qxF "$(token_url "$key")" "$key.pem"
		fails grep -q 'PRIVATE KEY' "$key.pem"
		openssl verify -CAfile "$key.crt" "$key.crt"
		pin=$("$CERTGEN" show --pin "./$key.pem")
		run "$CERTGEN" check "./$key.pem"
		[ "$status" -eq 0 ]
		cp "$key.crt" old.crt
		"$CERTGEN" renew --quiet "./$key.pem"
		fails cmp -s old.crt "$key.crt"
		[ "$("$CERTGEN" show --pin "./$key.pem")" = "$pin" ]
		grep -qxF "$(token_url "$key")" "$key.pem"
		openssl verify -CAfile "$key.crt" "$key.crt"
	done
}

@test "a request, and the answer of a CA below the URL, serve" {
	"$CERTGEN" ca --batch --quiet ./ca example.org
	"$CERTGEN" csr --batch --key "$(token_url p384)" ./asked.pem db.example.org
	openssl req -in asked.csr -noout -verify
	"$CERTGEN" sign --batch --ca ./ca ./asked.csr
	cat asked.crt >> asked.pem
	"$CERTGEN" check ./asked.pem
	"$CERTGEN" renew --quiet --ca ./ca ./asked.pem
	openssl verify -CAfile ca/ca.crt asked.crt
	"$WRAP" --check -p "$T/asked.pem" -r 127.0.0.1:1 < /dev/null | grep "signs; EC/ECDSA, 384 bits"
}

@test "a server's certificate by our own CA, with a key in the token" {
	"$CERTGEN" ca --batch --quiet ./ca2 example.org
	"$CERTGEN" server --batch --ca ./ca2 --key "$(token_url rsa)" ./server.pem db.example.org
	openssl verify -CAfile ca2/ca.crt server.crt
	"$CERTGEN" check ./server.pem
}

@test "bad: a PIN on the command line, a new key for renew, a key of a CA, and no such key" {
	run "$CERTGEN" --batch --key "pkcs11:token=lab;object=p256?pin-value=$PIN" ./bad.pem db.example.org
	[ "$status" -eq 64 ]
	[[ $output == *"pin-value on a command line shows the PIN"* ]]
	[[ $output != *"$PIN"* ]]
	run "$CERTGEN" renew --new-key ./p256.pem
	[ "$status" -eq 64 ]
	[[ $output == *"its key is in a token: make the new one there"* ]]
	run "$CERTGEN" ca --batch --key "$(token_url p256)" ./ca3 example.org
	[ "$status" -eq 64 ]
	[[ $output == *"only a server's key can be in a token"* ]]
	run "$CERTGEN" --batch --key "$(token_url nobody)" ./bad.pem db.example.org
	[ "$status" -eq 66 ]
	[[ $output == *"pkcs11:token=lab;object=nobody: the token has no such private key"* ]]
	[ ! -e bad.pem ]
	[ ! -e ca3 ]
}

@test "bad: check finds a token that is gone, and another key's certificate" {
	mkdir away
	mv "$T"/tokens/* away
	run "$CERTGEN" check ./p256.pem
	mv away/* "$T/tokens"
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"CRITICAL - ./p256.pem: pkcs11:token=lab;object=p256: this token is not there"* ]]
	(umask 077 && { token_url p256 && cat p384.crt; } > mixed.pem)
	run "$CERTGEN" check ./mixed.pem
	[ "$status" -eq 2 ]
	[[ $output == *"the key does not belong to the certificate"* ]]
}

@test "bad: a static build refuses a URL, and says how to build" {
	"$T/bin/static-wrap" -V | grep -q static || skip "build: this one is shared"
	run "$T/bin/static-certgen" --batch --key "$(token_url p256)" ./static.pem db.example.org
	[ "$status" -eq 78 ]
	[[ $output == *"linked statically and cannot load a token's module; build it with: make LINK=shared"* ]]
	[ ! -e static.pem ]
}

# paste: runs the page's lines as they stand there, in a place where they change nothing of this machine.
paste() {
	"$ROOT/tests/lib/pasted.py" list | awk -F '\t' '$2 == "inetls-certgen.1" && $1 == "run" { print $3 }' |
		sed -n '/^usermod -a -G softhsm/,/^inetls-wrap --check/p' > "$T/lines"
	[ "$(wc -l < "$T/lines")" -eq 9 ]
	unshare -mn sh -eu > "$T/pasted.log" 2>&1 <<-END
		exec < /dev/null
		ip link set lo up
		mkdir "$T/etc" "$T/softhsm"
		cp -a /etc/. "$T/etc"
		mount --bind "$T/etc" /etc
		cp -a /var/lib/softhsm/. "$T/softhsm"
		mount --bind "$T/softhsm" /var/lib/softhsm
		chown root:softhsm /var/lib/softhsm
		chmod 2770 /var/lib/softhsm
		unset SOFTHSM2_CONF PIN
		getent passwd inetls > /dev/null || useradd -r -s /usr/sbin/nologin inetls
		PATH=$T/bin:\$PATH
		socat TCP-LISTEN:5432,bind=127.0.0.1,fork /dev/null &
		trap 'kill \$!' EXIT
		set -x
		. "$T/lines"
	END
}

@test "the lines of the page work as they stand there" {
	need_root
	need_namespaces
	paste || {
		cat "$T/pasted.log"
		return 1
	}
	cat "$T/pasted.log"
	grep "ok      token: pkcs11:token=pgssl;object=server in the token 'pgssl' signs; EC/ECDSA, 256 bits" "$T/pasted.log"
}
