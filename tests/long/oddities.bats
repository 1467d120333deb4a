# Some 1,100 odd clients, each played to a bare GnuTLS server and to ours with the same key and priorities: records,
# ClientHellos, extensions, key shares, handshakes and what comes after, right and wrong.  What tlsfuzzer and its like
# find different shows here, and is mended, or named with its reason in tests/lib/oddities.py.

# bats, lib.bash and client.bash set these.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client

SERVERS=8

setup_file() {
	lib_begin
}

setup() {
	lib_before
	need gnutls-serv
	need socat
	/usr/bin/python3 -c 'import cryptography' 2> /dev/null || need cryptography "python3-cryptography is not installed"
}

# priorities: the default ones of the wrapper, from its source.
priorities() {
	# shellcheck disable=SC2016
	sed -n '/^#define PRIORITY/,/:"$/p; /^#define GROUPS/p' "$ROOT/wrap/tls/tls_priority.c" |
		sed "s/STRENGTH_PROFILE/$(sed -n 's/^#define STRENGTH_PROFILE \("[^"]*"\).*/\1/p' "$ROOT/common/strength.h")/" |
		grep -o '"[^"]*"' | tr -d '"\n'
}

# compared: what oddities.py says of $T/pgssl.pem served by both.
compared() {
	local i gnutls=() priority
	priority=$(priorities)
	[[ $priority == SECURE128:*%PROFILE_MEDIUM:-GROUP-ALL:+GROUP-X25519:* ]]
	for ((i = 0; i < SERVERS; i++)); do
		gnutls[i]=$(free_port)
		start "gnutls-$i" gnutls-serv --echo --crlf --quiet --disable-client-cert --noticket --nodb --port "${gnutls[i]}" \
			--x509certfile "$T/pgssl.pem" --x509keyfile "$T/pgssl.pem" --priority "$priority"
		wait_for 20 listening "${gnutls[i]}"
	done
	echo_port=$(free_port)
	start echo socat "TCP-LISTEN:$echo_port,bind=127.0.0.1,reuseaddr,fork" PIPE
	wait_for 20 listening "$echo_port"
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$echo_port" -o "$T/listener.txt"
	wait_for 20 listening "$port"
	run timeout 900 "$ROOT/tests/lib/oddities.py" "$port" "${gnutls[@]}"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} =~ ^1[0-9]{3}\ cases,\ 0\ faults$ ]]
}

@test "odd clients find no difference to a bare GnuTLS server that is not named: an ECDSA key" {
	make_pem "$T/pgssl.pem" localhost
	compared
}

@test "odd clients find no difference to a bare GnuTLS server that is not named: an RSA key" {
	make_pem --key rsa:2048 "$T/pgssl.pem" localhost
	compared
}
