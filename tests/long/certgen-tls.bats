# TLS clients that verify certificates themselves accept what inetls-certgen made: OpenSSL, GnuTLS, Python, curl,
# Node.js and psql.

# lib.bash sets port, bats status.
# shellcheck disable=SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/ca
load ../lib/certgen-servers

setup_file() {
	lib_begin
	have faketime || return 0
	good_and_bad_servers
	certgen client --quiet --ca "$T/ca" --libpq "$T/alice" alice
	(umask 077 && cat "$T/alice/postgresql.key" "$T/alice/postgresql.crt" > "$T/alice.pem")
}

setup() {
	lib_before
	need faketime
	here=$T/$BATS_TEST_NUMBER
	mkdir "$here"
	cd "$here" || return
}

# tls_server NAME PEM [OPTION...]: a TLS server that answers with a page; sets $port.
tls_server() {
	local name=$1 pem=$2
	shift 2
	port=$(free_port)
	start "$name" openssl s_server -quiet -www -accept "127.0.0.1:$port" -cert "$pem" -key "$pem" "$@"
	wait_for 10 listening "$port"
}

# met_by CA PORT NAME [CRL]: prints each client's verdict on one line, "curl yes" or "curl no".
met_by() {
	local ca=$1 at=$2 name=$3 crl=${4:-}
	say() {
		local who=$1
		shift
		if timeout 20 "$@" > "$T/client.log" 2>&1 < /dev/null; then echo "$who yes"; else echo "$who no"; fi
	}
	say openssl openssl s_client -connect "127.0.0.1:$at" -verify_hostname "$name" -verify_return_error -x509_strict \
		-CAfile "$ca" ${crl:+-CRL "$crl" -crl_check}
	say gnutls gnutls-cli --x509cafile="$ca" --verify-hostname="$name" ${crl:+--x509crlfile="$crl"} -p "$at" 127.0.0.1
	say python /usr/bin/python3 -c '
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.verify_flags |= ssl.VERIFY_X509_STRICT
if sys.argv[4:]:
    context.load_verify_locations(sys.argv[4])
    context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
with context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10), server_hostname=sys.argv[3]):
    pass' "$ca" "$at" "$name" ${crl:+"$crl"}
	! have curl || say curl curl -sS -o /dev/null --cacert "$ca" ${crl:+--crlfile "$crl"} \
		--connect-to "$name:$at:127.0.0.1:$at" "https://$name:$at/"
	! have node || say node node -e '
const [ca, port, name, crl] = process.argv.slice(1), { readFileSync } = require("fs");
require("tls").connect({ host: "127.0.0.1", port, servername: name, ca: readFileSync(ca),
	crl: crl && readFileSync(crl) }, () => process.exit(0)).on("error", () => process.exit(1));' \
		"$ca" "$at" "$name" ${crl:+"$crl"}
}

@test "TLS clients accept an issued and a self-signed server, and refuse each with a byte flipped or another name" {
	tls_server issued "$T/server.pem"
	local issued=$port
	tls_server flipped "$T/flipped.pem"
	local flipped=$port
	tls_server self "$T/self.pem"
	local self=$port
	met_by "$T/ca/ca.crt" "$issued" db.example.org > yes
	met_by "$T/self.crt" "$self" db.example.org >> yes
	met_by "$T/ca/ca.crt" "$issued" other.example.org > no
	met_by "$T/ca/ca.crt" "$flipped" db.example.org >> no
	met_by "$T/flipped-self.crt" "$self" db.example.org >> no
	met_by "$T/ca/ca.crt" "$self" db.example.org >> no
	cat yes no
	grep -q 'python yes' yes
	run ! grep " no" yes
	run ! grep " yes" no
}

@test "TLS clients refuse a client's certificate for a server; servers refuse a server's for a client" {
	tls_server wrong "$T/alice.pem"
	met_by "$T/ca/ca.crt" "$port" alice > no
	cat no
	run ! grep " yes" no
	tls_server asking "$T/server.pem" -Verify 1 -verify_return_error -CAfile "$T/ca/ca.crt"
	local get=(curl -sS -o /dev/null --cacert "$T/ca/ca.crt" --connect-to "db.example.org:$port:127.0.0.1:$port")
	need curl
	"${get[@]}" --cert "$T/alice.pem" --key "$T/alice.pem" "https://db.example.org:$port/"
	run ! "${get[@]}" --cert "$T/server.pem" --key "$T/server.pem" "https://db.example.org:$port/"
	run ! "${get[@]}" "https://db.example.org:$port/"
}

@test "TLS clients refuse a server that is expired, not yet valid, or outside of the constraint" {
	local pem
	tls_server right "$T/right.pem"
	met_by "$T/ca/ca.crt" "$port" db.example.org > yes
	for pem in expired early outside; do
		tls_server "$pem" "$T/$pem.pem"
		echo "$pem"
		met_by "$T/ca/ca.crt" "$port" db.example.org
	done > no
	cat yes no
	run ! grep " no" yes
	[ "$(grep -c " no" no)" -eq "$((3 * $(wc -l < yes)))" ]
	run ! grep " yes" no
}

@test "TLS clients that are given the list refuse a server that was revoked, and no other" {
	tls_server server "$T/server.pem"
	met_by "$T/ca/ca.crt" "$port" db.example.org "$T/ca/crl.pem" > yes
	tls_server revoked "$T/revoked.pem"
	met_by "$T/ca/ca.crt" "$port" db.example.org >> yes
	met_by "$T/ca/ca.crt" "$port" db.example.org "$T/ca/crl.pem" > no
	cat yes no
	run ! grep " no" yes
	[ "$(grep -c " no" no)" -eq "$(($(wc -l < yes) / 2))" ]
	run ! grep " yes" no
}

@test "psql verify-full takes an issued and a self-signed server, and refuses each that has a fault" {
	need postgresql
	need psql
	pg_start
	local pem name wanted ca crl
	# PEM, CA, name, list, verdict.
	while read -r pem ca name crl wanted; do
		port=$(free_port)
		start wrap "$WRAP" -d "127.0.0.1:$port" -f -n pgsql -p "$T/$pem.pem" -r "127.0.0.1:$PGPORT_REAL"
		wait_for 10 listening "$port"
		run timeout 60 psql -XAtc 'select 41 + 1' "host=$name hostaddr=127.0.0.1 port=$port sslmode=verify-full sslrootcert=$T/$ca $([ "$crl" = - ] || echo "sslcrl=$T/ca/$crl")"
		echo "$pem $ca $name: $status $output"
		if [ "$wanted" = yes ]; then
			[ "$output" = 42 ]
		else
			[[ $status -eq 2 && $output == *"$wanted"* ]]
		fi
	done <<-'END'
		server ca/ca.crt db.example.org - yes
		server ca/ca.crt db.example.org crl.pem yes
		self self.crt db.example.org - yes
		right ca/ca.crt db.example.org - yes
		revoked ca/ca.crt db.example.org - yes
		revoked ca/ca.crt db.example.org crl.pem verify failed
		server ca/ca.crt other.example.org - does not match
		server other/ca.crt db.example.org - verify failed
		flipped ca/ca.crt db.example.org - SSL error
		self flipped-self.crt db.example.org - SSL error
		expired ca/ca.crt db.example.org - verify failed
		early ca/ca.crt db.example.org - verify failed
		outside ca/ca.crt db.example.org - verify failed
		alice ca/ca.crt alice - verify failed
	END
}
