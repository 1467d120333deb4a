# Peers with a key so large that verifying by it takes minutes (absurd.py makes it, absurd.c shows it): refused before
# anything is computed, by client and server, in TLS 1.2 and 1.3.

load ../lib/lib

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	# shellcheck disable=SC2046 # words
	gcc -O1 -o "$T/bin/absurd" "$ROOT/tests/lib/absurd.c" $(pkg-config --cflags --libs gnutls)
}

# made BITS [EXPONENT-BITS [even]]: such a certificate, in $T/absurd.der.
made() {
	/usr/bin/python3 -B "$ROOT/tests/lib/absurd.py" "$T/absurd.der" "$@"
}

# as_client VERSION [COPIES]: shows it to a server, which must refuse it at once.
as_client() {
	port=$(free_port)
	start wrap "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1 -v "${LEVEL:-0}" -A "$T/pgssl.crt" --handshake-timeout 15s
	wait_for 10 listening "$port"
	timeout 20 "$T/bin/absurd" client "$port" "$1" "$T/absurd.der" "${2:-1}" > "$T/peer.log" 2>&1 || return 1
	cat "$T/peer.log"
	log_lines "$T/wrap.log" 2
	refused "$T/wrap.log"
	stop wrap
}

# as_server VERSION [COPIES]: the same to a client.
as_server() {
	port=$(free_port)
	start peer "$T/bin/absurd" server "$port" "$1" "$T/absurd.der" "${2:-1}"
	wait_for 10 grep -q up "$T/peer.log"
	timeout 20 "$WRAP" -c -v 0 -r "localhost:$port" -o "$(new_log wrap)" --handshake-timeout 15s 0<> "$T/idle" || :
	refused "$T/wrap.log"
	stop peer
}

# refused LOG: within the timeout and a second, since it says so.
refused() {
	local line
	line=$(grep result= "$1")
	echo "$line"
	[[ $line == *"result=handshake "*"reason=\"${WHO-peer}"* ]]
	[[ $line == *"$WHY"* ]]
	[ "$(log_field total_ms "$line")" -lt "$(patience 1500)" ]
}

# both [COPIES]: clients and servers of both versions.
both() {
	local version
	for version in 1.2 1.3; do
		as_client "$version" "$@"
		as_server "$version" "$@"
	done
}

@test "an RSA key of 65,536 bits with an exponent as large is refused, from a client and from a server" {
	WHY="an RSA key of more than 8192 bits"
	made 65536 65536
	both
	LEVEL=2 as_client 1.3
}

@test "an RSA key one bit too large, one with a large exponent, one that is even, one under an old name: refused" {
	WHY="an RSA key of more than 8192 bits"
	made 8193
	both
	WHY="an RSA key that nobody makes"
	made 2048 65
	both
	made 2048 17 even
	both
	# Another name of RSA, which GnuTLS takes for the same.
	WHY="an RSA key of more than 8192 bits"
	OID=060455080101 made 16384
	both
}

@test "a chain of more than 16 certificates is refused" {
	WHY="a chain of more than 16 certificates"
	made 2048
	both 17
}

@test "an RSA key of 8,192 bits is used like any other: only its wrong signature is refused" {
	made 8192
	WHY='Public key signature verification has failed' WHO=''
	as_client 1.3 16
	as_server 1.3
}
