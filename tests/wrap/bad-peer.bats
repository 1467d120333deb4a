# Peers that do not speak TLS, or make mistakes in it: each costs the service nothing, is gone within the handshake
# timeout, and leaves one log line with its address.  The exit code is 0, because nothing is wrong on this machine.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# turned_away REASON: what the session just reported, with the words of its log line.
turned_away() {
	says exit=0 peer.handshake=no
	[ "$(said peer.tls)" != close_notify ]
	untouched
	logged result=handshake "peer=127.0.0.1:$(said peer.port)" backend=- in=0 out=0 "$1"
}

@test "garbage, an HTTP request, an SSH client, a plain StartupMessage: no TLS, at once" {
	local words
	for words in 'raw:garbage\r\n\r\n' 'raw:GET\x20/\x20HTTP/1.1\r\nHost:\x20x\r\n\r\n' \
		'raw:SSH-2.0-OpenSSH\r\n' 'raw:\x00\x00\x00\x09\x00\x03\x00\x00\x00' 'raw:\xff\xff\xff\xff\xff\xff\xff\xff'; do
		session --peer "$words hold" --
		turned_away "peer does not speak TLS"
		within 3
		[ "$(said peer.wire)" = empty ] || [ "$(said peer.wire)" = records ]
	done
}

@test "less than a record's head of garbage, or half a hello of SSL 2: gone after --handshake-timeout" {
	local words
	for words in 'raw:GET' 'raw:\x80\x2e\x01\x03\x01\x00\x15'; do
		session --peer "$words hold" -- --handshake-timeout 500ms
		turned_away reason=
		within 4 0.4
	done
}

@test "a peer that stays silent: gone after --handshake-timeout, which the log names" {
	session --peer hold -- --handshake-timeout 500ms
	turned_away "peer stayed silent within --handshake-timeout (500 ms)"
	logged end=timeout
	within 4 0.4
}

@test "half a ClientHello and then silence: gone after --handshake-timeout" {
	session --peer 'raw:\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hold' -- --handshake-timeout 500ms
	turned_away "peer did not finish the handshake"
	logged end=timeout
	within 4 0.4
}

@test "one byte a second: the deadline is for the whole handshake" {
	session --peer trickle:1 -- --handshake-timeout 3s
	turned_away "peer did not finish the handshake"
	logged end=timeout
	within 6 2.9
}

@test "bytes that have arrived when the deadline passes do not extend it" {
	session --peer 'stopped:1 hold' -- --handshake-timeout 700ms
	turned_away "peer did not finish the handshake"
	logged end=timeout
}

@test "a ClientHello that comes byte by byte, without pauses, is accepted" {
	session --peer 'trickle-all handshake send:10 bye recv-all' --backend echo --
	says exit=0 peer.received=10 peer.tls=close_notify
}

@test "a peer that connects and closes, or resets: one line, at once" {
	session --peer close --
	turned_away "peer closed before the handshake"
	within 3
	# The kernel knows the address of a connection that was reset no more.
	session --peer rst --
	says exit=0
	untouched
	logged result=handshake "reset by peer"
	within 3
}

@test "a peer that closes in the middle of its ClientHello: one line, at once" {
	session --peer 'raw:\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 close' --
	turned_away "peer closed during the handshake"
	within 3
}

@test "TLS 1.1: refused with the alert that says so" {
	session --tls 1.1 --peer handshake --
	turned_away "peer offers no TLS version that is allowed here"
	says peer.tls=alert:protocol_version
	within 3
}

@test "TLS 1.2 with nothing but CBC, or RSA key exchange: refused with an alert" {
	local ciphers
	for ciphers in ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA384 AES128-GCM-SHA256 ECDHE-RSA-AES128-SHA; do
		session --tls 1.2 --ciphers "$ciphers" --peer handshake --
		turned_away "peer offers no cipher suite or group that is allowed here"
		says peer.tls=alert:handshake_failure
	done
}

@test "records that are absurd: refused at once, or gone after --handshake-timeout" {
	local words
	# A record longer than allowed; a ClientHello of 16 MB; application data first; an alert; an empty record.
	for words in 'raw:\x16\x03\x01\xff\xff\x01\x00\xff\xff' 'raw:\x16\x03\x01\x00\x04\x01\xff\xff\xff' \
		'raw:\x17\x03\x03\x00\x05hello' 'raw:\x15\x03\x03\x00\x02\x02\x28' 'raw:\x16\x03\x01\x00\x00' \
		'raw:\x14\x03\x03\x00\x01\x01' 'raw:\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00'; do
		session --peer "$words hold" -- --handshake-timeout 500ms
		turned_away reason=
		within 4
	done
}

# client_hello SHARE: TLS 1.3 with that X25519 share, in hex, as one record in the words of a script.
client_hello() {
	local random=0000000000000000000000000000000000000000000000000000000000000000 extensions body
	# supported_versions, supported_groups, signature_algorithms, key_share
	extensions=002b0003020304 extensions+=000a00040002001d extensions+=000d000400020403
	extensions+=003300260024001d0020$1
	body=0303${random}0000021301
	body+=0100$(printf %04x $((${#extensions} / 2)))$extensions
	body=01$(printf %06x $((${#body} / 2)))$body
	body=160301$(printf %04x $((${#body} / 2)))$body
	# shellcheck disable=SC2001
	sed 's/../\\x&/g; s/^/raw:/' <<< "$body"
}

# RFC 8446, 7.4.2, and RFC 7748, 6.1: with these the secret would be known to all.
@test "a key share whose product is zero: refused at once" {
	local share zeros=00000000000000000000000000000000000000000000000000000000000000
	for share in "00$zeros" "01$zeros" e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800 \
		5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157 \
		ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f \
		edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f \
		eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f; do
		session --peer "$(client_hello "$share") hold" --
		turned_away "An illegal parameter has been received"
		within 3
	done
	# Any other is answered: the hello itself is a good one.
	session --peer "$(client_hello "09$zeros") hold" -- --handshake-timeout 500ms
	turned_away reason=
	says peer.wire=records
	logged end=timeout
}

@test "a handshake message of 16 MB that does come: ended within bounded memory" {
	session --peer 'raw:\x16\x03\x01\x40\x00\x01\xff\xff\xff junk-records:2000 hold' -- --handshake-timeout 3s
	turned_away reason=
	within 6
	[ "$(said memory_kb)" -lt 40000 ]
}

@test "a peer that resets after the handshake: nothing for the service to do, exit 0" {
	session --peer 'handshake rst' --backend recv-all --
	says exit=0
	logged "peer=127.0.0.1:$(said peer.port)"
	within 3
}

@test "a peer cut off without close_notify: result=cut, truncated=yes, exit 0" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake send:5000 fin hold' --
		says exit=0 backend.received=5000 backend.end=reset
		logged result=cut truncated=yes in=5000 end=peer "peer closed without close_notify"
	done
}

@test "bytes that are no TLS record, in mid-stream: an alert for the peer, a reset for the service, exit 0" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake send:5000 junk recv-all' --
		says exit=0 backend.received=5000 backend.end=reset peer.tls=alert:bad_record_mac
		logged result=protocol end=peer
		only_tls
	done
}

# flooded [flood.py option ...] -- COMMAND...: sets $report.
flooded() {
	new_log session > /dev/null
	report=$(timeout -k 5 120 "$ROOT/tests/lib/flood.py" "$@")
	echo "$report"
}

# nothing_but_empty: the session that was flooded has ended at once, and says why.
nothing_but_empty() {
	within 3
	logged result=protocol 'reason="peer sends nothing but empty records"' in=0
}

@test "a flood of records without content is cut off, from a client and from a server" {
	tls_service
	flooded -- "$WRAP" -p "$T/pgssl.pem" -r "127.0.0.1:$port" -o "$T/session.log" --idle-timeout 10s
	says exit=0
	nothing_but_empty
	flooded --client --pem "$T/pgssl.pem" -- "$WRAP" -c -A "$T/pgssl.crt" -r 'localhost:{server}' -o "$T/session.log" \
		--idle-timeout 10s
	nothing_but_empty
}

@test "empty records between others are accepted" {
	tls_service
	flooded --count 6000 --data 500 -- "$WRAP" -p "$T/pgssl.pem" -r "127.0.0.1:$port" -o "$T/session.log" \
		--idle-timeout 1s
	logged result=timeout in=12
}

# tls_service: takes what comes, on $port.
tls_service() {
	need socat
	port=$(free_port)
	start service socat -u "TCP-LISTEN:$port,bind=127.0.0.1,fork,reuseaddr" OPEN:/dev/null
	wait_for 10 listening "$port"
}

# asks NAME: openssl does by SNI, of a listener; the last line of its log is in $line.
asks() {
	timeout 10 openssl s_client -connect "127.0.0.1:$port" -servername "$1" < /dev/null > "$T/client.log" 2>&1 || :
	wait_for 10 eval '[ "$(grep -c result= "$T/listener.log")" -eq '"$2"' ]'
	line=$(grep result= "$T/listener.log" | tail -1)
	echo "$line"
}

@test "a name that GnuTLS refuses in SNI is in the log, escaped, with the way out" {
	need openssl
	local port line
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1
	wait_for 10 listening "$port"
	asks my_db 1
	[[ $line == *'result=handshake '*'reason="peer asks for the name my_db, but SNI allows only letters, digits, hyphens and dots; have it use'*', or sslsni=0"'* ]]
	asks 'a" reason="b'$'\n\e[1m' 2
	[[ $line == *'reason="peer asks for the name a\x22 reason=\x22b\x0a\x1b[1m, but SNI '* ]]
	asks "$(printf 'x%.0s' {1..200})_" 3
	[[ $line == *'reason="peer asks for the name xxxx'*'or sslsni=0"'* ]]
	asks my-db 4
	[[ $line != *'asks for the name'* ]]
}

@test "psql under a name with an underscore: refused, and with sslsni=0 served" {
	need psql
	local port
	port=$(free_port)
	start listener "$WRAP" -f -n pgsql -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1
	wait_for 10 listening "$port"
	run psql -X "host=my_db hostaddr=127.0.0.1 port=$port sslmode=require"
	echo "$output"
	[[ $output == *"illegal parameter"* ]]
	wait_for 5 grep -F 'reason="peer asks for the name my_db, ' "$T/listener.log"
	run psql -X "host=my_db hostaddr=127.0.0.1 port=$port sslmode=require sslsni=0"
	echo "$output"
	# TLS serves; it is the service that is not there.
	[[ $output == *"Connection refused"* ]]
}

@test "a client does not send a name that a server would refuse it for" {
	need_root
	need_namespaces
	local port
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1
	wait_for 10 listening "$port"
	echo "127.0.0.1 my_db" > "$T/hosts"
	timeout 10 unshare -m sh -c 'mount --bind "$1" /etc/hosts && exec "$2" -c -v 0 -r "my_db:$3" -o "$4"' sh \
		"$T/hosts" "$WRAP" "$port" "$(new_log client)" 0<> "$T/idle" || :
	cat "$T/client.log"
	! grep -F 'Illegal parameter' "$T/client.log" || return 1
	wait_for 10 grep -q 'result=backend' "$T/listener.log"
}
