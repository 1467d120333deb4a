# Every kind of key, in TLS 1.2 and 1.3, with a peer that offers one signature scheme only, as server and as client,
# with and without the keyholder: the wrapper can use each key that GnuTLS's own tools can use.

# bats, lib.bash and client.bash set these.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client

# name, openssl's key, the schemes of TLS 1.2 and those of 1.3 that must be served, as openssl names them
KEYS='
rsa rsa:2048 RSA+SHA256,RSA+SHA384,RSA+SHA512,rsa_pss_rsae_sha256,rsa_pss_rsae_sha384,rsa_pss_rsae_sha512 rsa_pss_rsae_sha256,rsa_pss_rsae_sha384,rsa_pss_rsae_sha512
pss rsa-pss rsa_pss_pss_sha256,rsa_pss_pss_sha384,rsa_pss_pss_sha512 rsa_pss_pss_sha256,rsa_pss_pss_sha384,rsa_pss_pss_sha512
p256 P-256 ECDSA+SHA256,ECDSA+SHA384,ECDSA+SHA512 ECDSA+SHA256
p384 P-384 ECDSA+SHA256,ECDSA+SHA384,ECDSA+SHA512 ECDSA+SHA384
p521 P-521 ECDSA+SHA256,ECDSA+SHA384,ECDSA+SHA512 ECDSA+SHA512
ed25519 ed25519 ed25519 ed25519
'
SCHEMES='RSA+SHA256 RSA+SHA384 RSA+SHA512 rsa_pss_rsae_sha256 rsa_pss_rsae_sha384 rsa_pss_rsae_sha512
rsa_pss_pss_sha256 rsa_pss_pss_sha384 rsa_pss_pss_sha512 ECDSA+SHA256 ECDSA+SHA384 ECDSA+SHA512 ed25519'

setup_file() {
	lib_begin
	local name key
	while read -r name key _; do
		[ -z "$name" ] || key_and_certificate "$name" "$key"
	done <<< "$KEYS"
	make_pem "$T/pgssl.pem" localhost
}

setup() {
	lib_before
	need openssl
	need gnutls-cli
}

key_and_certificate() {
	local new=(-newkey "$2")
	case $2 in
	P-*) new=(-newkey ec -pkeyopt "ec_paramgen_curve:$2") ;;
	rsa-pss) new=(-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048) ;;
	esac
	openssl req -x509 "${new[@]}" -nodes -keyout "$T/$1.key" -out "$T/$1.crt" -days 30 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
		-addext keyUsage=critical,digitalSignature 2> "$T/$1.req.log"
	(umask 077 && cat "$T/$1.key" "$T/$1.crt" > "$T/$1.pem")
}

# gnutls_name SCHEME VERSION: GnuTLS's for it; in TLS 1.3 a scheme of ECDSA names the curve too.
gnutls_name() {
	case $1 in
	rsa_pss_rsae_sha*) echo "SIGN-RSA-PSS-RSAE-SHA${1#rsa_pss_rsae_sha}" ;;
	rsa_pss_pss_sha*) echo "SIGN-RSA-PSS-SHA${1#rsa_pss_pss_sha}" ;;
	RSA+*) echo "SIGN-RSA-${1#RSA+}" ;;
	ECDSA+SHA256) [ "$2" = 1.2 ] && echo SIGN-ECDSA-SHA256 || echo SIGN-ECDSA-SECP256R1-SHA256 ;;
	ECDSA+SHA384) [ "$2" = 1.2 ] && echo SIGN-ECDSA-SHA384 || echo SIGN-ECDSA-SECP384R1-SHA384 ;;
	ECDSA+SHA512) [ "$2" = 1.2 ] && echo SIGN-ECDSA-SHA512 || echo SIGN-ECDSA-SECP521R1-SHA512 ;;
	ed25519) echo SIGN-EDDSA-ED25519 ;;
	esac
}

# is_taken PORT VERSION SCHEME: openssl's client, with that scheme alone, is through the handshake.
is_taken() {
	timeout 20 openssl s_client -connect "127.0.0.1:$1" "-tls1_${2#1.}" -sigalgs "$3" < /dev/null > "$T/s_client.out" 2>&1
}

# is_taken_by_gnutls: the same of GnuTLS's.
is_taken_by_gnutls() {
	timeout 20 gnutls-cli --insecure --logfile="$T/gnutls.out" -p "$1" \
		--priority "NORMAL:-VERS-ALL:+VERS-TLS$2:-SIGN-ALL:+$(gnutls_name "$3" "$2")" 127.0.0.1 < /dev/null > "$T/gnutls.out" 2>&1
}

# each KEY FUNCTION: calls it with that key, version, scheme, and whether it must be served.
each() {
	local name of_12 of_13 version scheme must
	while read -r name _ of_12 of_13; do
		[ "$name" = "$1" ] || continue
		for version in 1.2 1.3; do
			for scheme in $SCHEMES; do
				must=no
				if [ "$version" = 1.2 ]; then
					[[ ,$of_12, != *",$scheme,"* ]] || must=yes
				else
					[[ ,$of_13, != *",$scheme,"* ]] || must=yes
				fi
				"$2" "$name" "$version" "$scheme" "$must"
			done
		done
	done <<< "$KEYS"
}

# ---- as a server

as_server() {
	local at
	for at in "$held" "$own"; do
		is_server_right "$at" "$@" is_taken
		is_server_right "$at" "$@" is_taken_by_gnutls
	done
}

# is_server_right PORT KEY VERSION SCHEME MUST CLIENT
is_server_right() {
	local ours=no theirs=no
	! "$6" "$1" "$3" "$4" || ours=yes
	! "$6" "$reference" "$3" "$4" || theirs=yes
	echo "$2 $3 $4 $6: must=$5 ours=$ours gnutls-serv=$theirs"
	[ "$ours" = "$5" ] && [ "$ours" = "$theirs" ]
}

server() {
	local held own reference
	tls_server reference gnutls-serv --echo --port '{port}' --x509keyfile "$T/$1.key" --x509certfile "$T/$1.crt" \
		--disable-client-cert --priority NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2
	reference=$port
	tls_server held "$WRAP" -f -d '127.0.0.1:{port}' -p "$T/$1.pem" -l /bin/cat
	held=$port
	tls_server own "$WRAP" -f -d '127.0.0.1:{port}' -p "$T/$1.pem" -l /bin/cat --no-keyholder
	own=$port
	each "$1" as_server
}

@test "server: RSA" { server rsa; }
@test "server: RSA-PSS" { server pss; }
@test "server: P-256" { server p256; }
@test "server: P-384" { server p384; }
@test "server: P-521" { server p521; }
@test "server: Ed25519" { server ed25519; }

# ---- as a client that shows a certificate

# answers COMMAND...: what it is told comes back reversed.
answers() {
	[ "$({ echo hello; sleep 0.3; } | timeout 20 "$@" 2> "$T/client.log" | tr -d '\r')" = olleh ]
}

# as_client KEY VERSION SCHEME MUST: towards an openssl that asks for that scheme alone.
as_client() {
	local way word=no
	# Without an answer openssl waits: one server for each is the surest.
	for way in "" --no-keyholder; do
		tls_server asker openssl s_server -accept '127.0.0.1:{port}' -rev -quiet -cert "$T/pgssl.crt" -key "$T/pgssl.pem" \
			"-tls1_${2#1.}" -Verify 1 -client_sigalgs "$3"
		word=no
		# shellcheck disable=SC2086 # none, or one
		! answers "$WRAP" -c -v 0 $way -r "127.0.0.1:$port" -p "$T/$1.pem" || word=yes
		echo "$1 $2 $3 $way: must=$4 ours=$word"
		[ "$word" = "$4" ]
		stop asker
	done
}

@test "client: RSA" { each rsa as_client; }
@test "client: RSA-PSS" { each pss as_client; }
@test "client: P-256" { each p256 as_client; }
@test "client: P-384" { each p384 as_client; }
@test "client: P-521" { each p521 as_client; }
@test "client: Ed25519" { each ed25519 as_client; }
