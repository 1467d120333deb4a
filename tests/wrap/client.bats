# Client mode: a local program on pipes, a socket or a terminal, and a TLS server.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# -- what goes wrong -------------------------------------------------------------------------------------

@test "nobody listens: exit 69, one line that says so, and not a byte for the local program" {
	SERVER=localhost:$(free_port) client_session -- # it was free a moment ago
	says exit=69 local.received=0 local.end=fin server.connections=0
	logged result=backend 'Connection refused' peer=127.0.0.1:
}

@test "a name that does not exist: exit 69, and the name is in the line" {
	SERVER=nosuch.invalid:9000 client_session --
	says exit=69 local.received=0 server.connections=0
	logged 'resolve nosuch.invalid'
}

@test "a server that accepts and stays silent: exit 69 after --handshake-timeout" {
	client_session --deaf --local 'send:10 recv-all' -- --handshake-timeout 1s
	says exit=69 local.received=0 local.end=fin
	within 5 1
	logged result=handshake end=timeout 'peer stayed silent'
}

@test "a server that speaks no TLS: exit 69, and neither it nor the local program gets a byte of the other" {
	client_session --plain --local 'send:10 recv-all' --server 'send:100 recv-all' --
	says exit=69 local.received=0 server.leaked=no
	logged result=handshake 'peer does not speak TLS'
}

@test "a server that ends the connection within the handshake: exit 69" {
	client_session --plain --local 'send:10 recv-all' --server 'recv:1 close' --
	says exit=69 local.received=0
	logged result=handshake
}

# cut HOW STDIO: what came before the cut is delivered, and the cut is told.
cut() {
	client_session --stdio "$2" --local 'send:10 recv-all' --server "handshake recv:10 send:50000 $1" --
	says exit=69 local.received=50000 server.received=10
	logged result=cut truncated=yes end=peer in=50000 out=10
}

@test "a server that leaves without close_notify, on pipes: all before the cut, exit 69, truncated=yes" {
	cut close pipe
	says local.end=fin
}

@test "a server that leaves without close_notify, on a socket: the local program sees a reset and no end" {
	cut close socket
	says local.end=reset
}

@test "a server that leaves without close_notify, on a terminal: all before the cut, exit 69" {
	cut close terminal
}

@test "a server that resets, on a socket: the local program sees a reset as well" {
	# What a reset destroys on its way no wrapper can bring back: the bytes were taken before it.
	client_session --stdio socket --local 'send:10 recv:1000 send:1 recv-all' \
		--server 'handshake send:1000 recv:11 rst' --
	says exit=69 local.end=reset
	logged result=cut truncated=yes
}

@test "a server that sends what is no record: exit 69, nothing of it is passed on" {
	client_session --stdio socket --local recv-all --server 'handshake send:100 junk hold' --
	says exit=69 local.received=100 local.end=reset
	logged result=protocol
}

@test "a local program that is gone before it has read everything: the session is reported as failed" {
	client_session --local 'recv:1000 hang-up' --server 'handshake send:3000000 recv-tls' --
	says server.handshake=1.3
	[ "$(said exit)" != running ]
	not_logged result=ok
	logged end=backend
}

@test "a local program whose socket resets: the server gets an alert and no close_notify" {
	client_session --stdio socket --local 'send:10 recv:10 rst' \
		--server 'handshake recv:10 send:10 recv-tls' --
	says exit=0 server.received=10 server.tls=alert:internal_error
	logged result=reset end=backend
}

@test "SIGTERM in mid-stream: the server gets no close_notify, the line says end=signal" {
	client_session --local 'send:10 recv:10 signal:TERM recv-all' \
		--server 'handshake recv:10 send:10 recv-tls' --
	says exit=0 server.received=10
	[ "$(said server.tls)" != close_notify ]
	logged end=signal
}

# -- half-close ------------------------------------------------------------------------------------------

# local_first STDIO and server_first STDIO: who has nothing more to say still hears the other out.
local_first() {
	client_session --stdio "$1" --local 'send:300000 fin recv-all' \
		--server 'handshake recv-tls sleep:0.3 send:500000 bye hold' --
	says exit=0 server.received=300000 server.tls=close_notify local.received=500000 local.end=fin
	logged result=ok in=500000 out=300000 end=backend
	not_logged truncated
}

server_first() {
	client_session --stdio "$1" --local 'recv-all sleep:0.3 send:300000 fin' \
		--server 'handshake send:500000 bye recv-tls' --
	says exit=0 server.received=300000 server.tls=close_notify local.received=500000 local.end=fin
	logged result=ok in=500000 out=300000 end=peer
}

@test "pipes: the local program ends first, and still gets all that the server sends" {
	local_first pipe
}

@test "pipes: the server ends first, and still gets all that the local program sends" {
	server_first pipe
}

@test "a socket: the local program ends first, and still gets all that the server sends" {
	local_first socket
}

@test "a socket: the server ends first, and still gets all that the local program sends" {
	server_first socket
}

@test "TLS 1.2: the local program ends first, and still gets all that the server sends" {
	client_session --tls 1.2 --local 'send:300000 fin recv-all' \
		--server 'handshake recv-tls sleep:0.3 send:500000 bye hold' --
	says exit=0 server.handshake=1.2 server.received=300000 server.tls=close_notify local.received=500000
}

@test "a terminal: bytes go both ways, and the server's end is the session's" {
	client_session --stdio terminal --local 'send:3000 recv:5000 sleep:1' \
		--server 'handshake recv:3000 send:5000 bye hold' --
	says server.received=3000 local.received=5000
	[ "$(said exit)" != running ]
}

# -- what it is given, it leaves as it was -----------------------------------------------------------------

@test "pipes and terminals go on blocking for those who share them" {
	client_session --local 'send:10 fin recv-all' --server 'handshake recv-tls bye hold' --
	says exit=0 local.blocking=yes
	client_session --stdio terminal --local 'send:10 sleep:0.5 hang-up' --server 'handshake recv:10 bye recv-tls' --
	says local.blocking=yes
}

@test "a file as stdout is appended to and may grow; a file as stdin is read from where it stood" {
	s_server server "$T/pgssl.pem"
	printf 'one\nanswer this\n' > "$T/in"
	(
		read -r first
		[ "$first" = one ]
		{
			echo before
			timeout 20 "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" 2> /dev/null
			echo after
		} > "$T/out"
	) < "$T/in"
	head -n 1 "$T/out" | grep -qx before
	tail -n 1 "$T/out" | grep -qx after
	! grep -q eno "$T/out"
}

@test "stdin from /dev/null: the server is told that there is no more, and its answer arrives" {
	client_session --local 'fin recv-all' --server 'handshake recv-tls send:100 bye hold' --
	says exit=0 server.tls=close_notify local.received=100
}

@test "stdin closed: usage, and not a word on what happens to be fd 0" {
	run timeout 10 sh -c 'exec "$@" <&-' sh "$WRAP" -c -r localhost:1 -A "$T/pgssl.crt" -f
	[ "$status" -eq 64 ]
}

# -- as others use it ------------------------------------------------------------------------------------

# through_socat KIND: a program that starts the wrapper itself, as ssh does with a ProxyCommand.
through_socat() {
	s_server server "$T/pgssl.pem"
	new_log proxy > /dev/null
	printf '#!/bin/sh\nexec %s -c -r localhost:%s -A %s -o %s\n' "$WRAP" "$port" "$T/pgssl.crt" "$T/proxy.log" \
		> "$T/bin/proxy"
	chmod 755 "$T/bin/proxy"
	run timeout 30 sh -c '{ echo proxied; sleep 1; } | socat -t 1 - "EXEC:$0,$1"' "$T/bin/proxy" "$1"
	wait_for 10 test -s "$T/proxy.log"
	[ "${output//$'\r'/}" = deixorp ]
	grep -q 'tls=1.3' "$T/proxy.log"
}

@test "ProxyCommand: on a socket pair" {
	need socat
	through_socat stderr
}

@test "ProxyCommand: on pipes" {
	need socat
	through_socat pipes
}

@test "ProxyCommand: on a terminal" {
	need socat
	through_socat pty,raw,echo=0
}

# asks PORT: a program that speaks no TLS gets its line back, backwards.
asks() {
	run timeout 20 sh -c '{ echo plain; sleep 1; } | socat -t 5 - "TCP:127.0.0.1:$0"' "$1"
	[ "$output" = nialp ]
}

@test "openbsd-inetd starts it for a program without TLS" {
	need openbsd-inetd
	need socat
	s_server server "$T/pgssl.pem"
	superserver openbsd-inetd -- "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log wrap)"
	asks "$port"
	log_lines "$T/wrap.log" 1
	grep -q 'result=ok' "$T/wrap.log"
}

@test "-d serves several at once, one line for each" {
	need socat
	local server
	s_server server "$T/pgssl.pem"
	server=$port
	tls_server wrap "$WRAP" -c -d 127.0.0.1:{port} -r "localhost:$server" -A "$T/pgssl.crt" -f
	asks "$port" &
	asks "$port"
	wait $!
	wait_for 10 grep -q 'result=ok' "$T/wrap.log"
	[ "$(grep -c 'result=ok' "$T/wrap.log")" -ge 1 ]
	stop wrap
	[ "$(grep -c 'result=' "$T/wrap.log")" -eq 2 ]
}

@test "-d with a port alone listens on loopback and nowhere else" {
	port=$(free_port)
	start wrap "$WRAP" -c -d "$port" -r localhost:1 -A "$T/pgssl.crt" -f
	wait_for 10 listening "$port"
	printf -v hex '%04X' "$port"
	run awk -v port=":$hex\$" '$4 == "0A" && $2 ~ port { print $2 }' /proc/net/tcp /proc/net/tcp6
	[ -n "$output" ]
	! grep -vE '^(0100007F|00000000000000000000000001000000):' <<< "$output"
}

# -- several addresses -------------------------------------------------------------------------------------

# in_world COMMAND...: in a network of its own, where far.example has the addresses of $ADDRESSES, those of
# 192.0.2 swallow what is sent to them, and those of 127 refuse.
in_world() {
	local address
	for address in $ADDRESSES; do
		echo "$address far.example"
	done > "$T/hosts"
	unshare -nm --propagation private sh -euc '
		ip link set lo up
		ip route add 192.0.2.0/24 dev lo
		mount --bind "$0/hosts" /etc/hosts
		exec "$@"' "$T" "$@"
}

far_session() {
	need_root "a network of its own"
	need_namespaces
	need ip
	new_log session > /dev/null
	report=$(timeout -k 5 60 bash -c "$(declare -f in_world); in_world \"\$@\"" bash "$ROOT/tests/lib/client.py" \
		--pem "$T/pgssl.pem" --local 'send:10 fin recv-all' --server 'handshake recv-tls send:10 bye hold' -- \
		"$WRAP" -c -r far.example:{server} --sni localhost -A "$T/pgssl.crt" -o "$T/session.log" "$@")
	echo "$report"
}

@test "all addresses of a name refuse: exit 69, at once" {
	export ADDRESSES='127.0.0.2 127.0.0.3'
	far_session
	says exit=69
	within 3
	logged 'Connection refused'
}

@test "the first addresses refuse or stay silent: the last is reached within --connect-timeout" {
	export ADDRESSES='127.0.0.2 192.0.2.7 127.0.0.1'
	far_session --connect-timeout 4s
	says exit=0 local.received=10 server.received=10
	within 6
	logged result=ok peer=127.0.0.1:
}

@test "all addresses stay silent: exit 69 after --connect-timeout for all of them together" {
	ADDRESSES=$(echo 192.0.2.{1..8})
	export ADDRESSES
	far_session --connect-timeout 2s
	says exit=69
	within 4 2
	logged 'does not answer within --connect-timeout'
}
