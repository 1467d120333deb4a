# What an OpenSSL client may try inside TLS, and what a scanner finds: new keys, renegotiation, old versions and
# ciphers; and that the last alert arrives, however much of the peer's data was not read.

# bats and lib.bash set output, status, port and pid.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	have socat || return 0
	ECHO_PORT=$(free_port)
	PORT=$(free_port)
	export ECHO_PORT PORT
	start echo socat "TCP-LISTEN:$ECHO_PORT,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
	new_log wrap > /dev/null
	start listener "$WRAP" -f -d "127.0.0.1:$PORT" -p "$T/pgssl.pem" -r "127.0.0.1:$ECHO_PORT" -o "$T/wrap.log"
	wait_for 10 listening "$ECHO_PORT"
	wait_for 10 listening "$PORT"
}

setup() {
	lib_before
	need socat
}

# types LINE...: what s_client is typed, one line after the other; K, k and R are its commands.
types() {
	local line
	for line; do
		sleep 0.3
		echo "$line"
	done
	sleep 0.5
}

# s_client [OPTION...]: stdin to the echo and back, in $T/heard; what it says itself is in $T/s_client.log.
s_client() {
	timeout 20 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$PORT" -verify_return_error \
		-CAfile "$T/pgssl.crt" "$@" > "$T/heard" 2> "$T/s_client.log"
}

last_line() {
	wait_for 5 has_line_of "$1"
	grep "source=.*tls=$1" "$T/wrap.log" | tail -n 1
}

has_line_of() {
	grep -q "tls=$1" "$T/wrap.log"
}

@test "KeyUpdate, one-sided and asked for: the bytes go on in both directions" {
	types one K two k three K K four | s_client -tls1_3
	[ "$(paste -sd ' ' "$T/heard")" = "one two three four" ]
	last_line 1.3 | grep 'result=ok .*in=19 out=19 '
}

@test "TLS 1.2 warnings: a few are passed over, and a flood of them is refused" {
	run timeout 20 "$ROOT/tests/lib/lesser-alerts.py" "$PORT" 1,8,8,0,9
	echo "$output"
	[ "$output" = $'echo\necho\necho\necho\nalert:Unexpected message' ]
	last_line 1.2 | grep 'result=protocol .*reason="peer sends nothing but warnings" .*in=20 out=20 '
}

@test "TLS 1.2 renegotiation: answered by the warning no_renegotiation, and the session goes on" {
	run timeout 20 "$ROOT/tests/lib/lesser-alerts.py" "$PORT" 0,R,3,0
	echo "$output"
	[ "$output" = $'echo\n-16 No renegotiation is allowed\necho\necho\necho' ]
	last_line 1.2 | grep 'result=ok .*in=20 out=20 '
}

@test "TLS 1.2 renegotiation: asked for again and again it is refused in the same way, and the data goes on" {
	local refusal=$'-16 No renegotiation is allowed\n'
	run timeout 20 "$ROOT/tests/lib/lesser-alerts.py" "$PORT" R,R,R2,2,R5,1
	echo "$output"
	[ "$output" = "${refusal}echo"$'\n'"${refusal}echo"$'\n'"$refusal${refusal}echo"$'\n'"echo"$'\n'"$(
		)$refusal$refusal$refusal$refusal${refusal}echo"$'\n'"echo" ]
	last_line 1.2 | grep 'result=ok .*in=30 out=30 '
}

@test "TLS 1.2 renegotiation: nine times without a byte of data ends the session" {
	run timeout 20 "$ROOT/tests/lib/lesser-alerts.py" "$PORT" 0,R9
	echo "$output"
	[ "$(grep -c '^-16 No renegotiation is allowed' <<< "$output")" -eq 8 ]
	[ "$(tail -n 1 <<< "$output")" = "-12 No renegotiation is allowed" ]
	last_line 1.2 | grep 'result=protocol .*reason="peer asked for renegotiation" .*in=5 out=5 '
}

# asked COUNT: a client of ours, whose server sends so many HelloRequests before each line that it gives back.
asked() {
	local server
	rm -f "$T/server.log"
	"$ROOT/tests/lib/hello-requests.py" "$T/pgssl.pem" "$1" > "$T/server.log" &
	server=$!
	wait_for 10 test -s "$T/server.log"
	types one two | timeout 20 "$WRAP" -c -v 0 -o "$T/client.log" -r "127.0.0.1:$(head -n 1 "$T/server.log")" \
		> "$T/heard" || :
	wait "$server"
	cat "$T/heard" "$T/server.log"
}

@test "TLS 1.2 renegotiation: a client refuses a server's wish too, and ends at the ninth without data" {
	new_log client > /dev/null
	asked 3
	[ "$(paste -sd ' ' "$T/heard")" = "one two" ]
	[ "$(grep -c '^-16 No renegotiation is allowed' "$T/server.log")" -eq 6 ]
	[ "$(tail -n 1 "$T/server.log")" = end ]
	asked 9
	[ "$(grep -c '^-16 No renegotiation is allowed' "$T/server.log")" -eq 8 ]
	grep 'result=protocol .*reason="peer asked for renegotiation"' "$T/client.log"
}

@test "TLS 1.2 renegotiation: OpenSSL ends by itself, and its service gets a reset and not an end" {
	types one R two three | s_client -tls1_2 || :
	cat "$T/heard" "$T/s_client.log"
	[ "$(head -n 1 "$T/heard")" = one ]
	run grep -x three "$T/heard"
	[ "$status" -ne 0 ]
	last_line 1.2 | grep 'result=protocol '
	grep -i 'no renegotiation' "$T/s_client.log"
}

@test "sslscan: TLS 1.2 and 1.3 with AEAD and forward secrecy, and nothing else" {
	need sslscan
	run timeout 120 sslscan --no-colour --no-check-certificate "127.0.0.1:$PORT"
	echo "$output"
	[ "$status" -eq 0 ]
	for old in SSLv2 SSLv3 TLSv1.0 TLSv1.1; do
		grep -E "^$old +disabled" <<< "$output"
	done
	for new in TLSv1.2 TLSv1.3; do
		grep -E "^$new +enabled" <<< "$output"
	done
	grep -F "Session renegotiation not supported" <<< "$output"
	# Debian's OpenSSL cannot ask for compression.
	grep -E "Compression disabled|does not support compression" <<< "$output"
	[ "$(grep -c 'not vulnerable to heartbleed' <<< "$output")" -ge 1 ]
	run grep -E '^(Preferred|Accepted) ' <<< "$output"
	[ "${#lines[@]}" -ge 4 ]
	run grep -vE 'TLS_(AES|CHACHA20)|ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM|CHACHA20-POLY1305)' <<< "$output"
	echo "not expected: $output"
	[ -z "$output" ]
}

@test "a fatal alert arrives although the peer's input lies unread: at the handshake" {
	session --peer "raw:$(printf 'x%.0s' {1..60000}) hold" --
	says exit=0 peer.wire=records peer.tcp=fin backend.connections=0
	logged result=handshake "does not speak TLS"
}

@test "a fatal alert arrives although the peer's input lies unread: in mid-stream" {
	local version
	for version in 1.2 1.3; do
		session --tls "$version" --peer 'handshake send:100 junk send:300000 recv-all' --backend recv-all --
		says exit=0 peer.tls=alert:bad_record_mac peer.tcp=fin backend.end=reset
		logged result=protocol
	done
}

# -- certificates --------------------------------------------------------------------------------------------

# chain: a root in $T/root.crt, a CA below it, and a leaf of that one, with its key: $T/leaf.key, leaf.crt, mid.crt.
chain() {
	local new=(openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
	{
		"${new[@]}" -x509 -keyout "$T/root.key" -out "$T/root.crt" -subj /CN=root -days 9 \
			-addext basicConstraints=critical,CA:TRUE
		"${new[@]}" -keyout "$T/mid.key" -out "$T/mid.csr" -subj /CN=mid
		openssl x509 -req -in "$T/mid.csr" -CA "$T/root.crt" -CAkey "$T/root.key" -days 9 -out "$T/mid.crt" \
			-extfile <(echo basicConstraints=critical,CA:TRUE)
		"${new[@]}" -keyout "$T/leaf.key" -out "$T/leaf.csr" -subj /CN=localhost
		openssl x509 -req -in "$T/leaf.csr" -CA "$T/mid.crt" -CAkey "$T/mid.key" -days 9 -out "$T/leaf.crt" \
			-extfile <(echo subjectAltName=DNS:localhost)
	} 2> "$T/chain.log"
}

# served_by FILE... [-- CLIENT_OPTION...]: a session whose PEM is these together; its peer knows the root alone.
served_by() {
	: > "$T/of.pem"
	chmod 600 "$T/of.pem"
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		cat "$1" >> "$T/of.pem"
		shift
	done
	[ $# -eq 0 ] || shift
	new_log session > /dev/null
	tls_server of "$WRAP" -f -d 127.0.0.1:{port} -p "$T/of.pem" -r "127.0.0.1:$ECHO_PORT" -o "$T/session.log"
	PORT=$port
	types said | s_client -CAfile "$T/root.crt" -servername localhost -verify_hostname localhost "$@"
	[ "$(cat "$T/heard")" = said ]
}

@test "a chain is sent as it stands: leaf, and the CA below the root" {
	chain
	served_by "$T/leaf.key" "$T/leaf.crt" "$T/mid.crt"
}

@test "a chain with the root in it, in order or not, is served" {
	chain
	served_by "$T/leaf.crt" "$T/leaf.key" "$T/mid.crt" "$T/root.crt"
	served_by "$T/leaf.key" "$T/leaf.crt" "$T/root.crt" "$T/mid.crt"
}

@test "bad: a chain without its middle is refused by the peer, and the log says so" {
	chain
	run served_by "$T/leaf.key" "$T/leaf.crt"
	[ "$status" -ne 0 ]
	wait_for 5 grep -q 'result=handshake .*peer does not trust our certificate' "$T/session.log"
}

# refused_by FILE...: the same for a peer that refuses it, in TLS 1.2 and 1.3; the reason is in $reason.
refused_by() {
	local version
	for version in 1_2 1_3; do
		run served_by "$@" -- "-tls$version"
		[ "$status" -ne 0 ]
		wait_for 5 grep -q 'result=handshake' "$T/session.log"
		reason=$(sed -n 's/.*result=handshake.* reason="\([^"]*\)".*/\1/p' "$T/session.log")
		echo "$version: $reason"
		[ "$reason" = "$wanted" ]
	done
}

@test "bad: our own dates are looked at before the peer is blamed, those of every certificate that we show" {
	local day=(-startdate 20200101000000Z -enddate 20210203000000Z) wanted reason
	chain
	authority own
	issue own old.pem localhost subjectAltName=DNS:localhost -- "${day[@]}"
	issue own early.pem localhost subjectAltName=DNS:localhost -- -startdate 20450607000000Z -enddate 20460101000000Z
	issue own mid-old.pem mid basicConstraints=critical,CA:TRUE -- "${day[@]}"
	openssl x509 -req -in "$T/leaf.csr" -CA "$T/mid-old.crt" -CAkey "$T/own/mid-old.key" -days 9 -out "$T/below.crt" \
		-extfile <(echo subjectAltName=DNS:localhost) 2>> "$T/chain.log"
	cp "$T/own.crt" "$T/root.crt"
	wanted="our certificate expired on 2021-02-03; renew it: inetls-certgen renew FILE, with the file of -p"
	refused_by "$T/old.pem"
	wanted="our certificate is not valid before 2045-06-07; is this machine's clock right?"
	refused_by "$T/early.pem"
	wanted="CN=mid in our chain expired on 2021-02-03; renew it: inetls-certgen renew FILE, with the file of -p"
	refused_by "$T/leaf.key" "$T/below.crt" "$T/mid-old.crt"
	# Whose dates are right is refused for another cause.
	wanted="peer does not trust our certificate; give it the .crt, or a CA that issued ours"
	refused_by "$T/leaf.key" "$T/leaf.crt"
}

# over CLIENT_OPTION...: hello through a session of its own PEM, $T/rsa.pem, and back, within five seconds.
over() {
	local port
	port=$(free_port)
	start rsa "$WRAP" -f -d "127.0.0.1:$port" -p "$T/rsa.pem" -r "127.0.0.1:$ECHO_PORT" "${WRAP_OPTIONS[@]}" -o "$(new_log rsa)"
	wait_for 10 listening "$port"
	types hello | timeout 5 openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$port" -verify_return_error \
		-CAfile "$T/rsa.crt" "$@" > "$T/heard" 2> "$T/s_client.log"
	[ "$(cat "$T/heard")" = hello ]
	grep -q 'result=ok ' "$T/rsa.log"
	stop "$pid"
}

@test "an RSA key signs PKCS#1 for a TLS 1.2 client that has nothing else" {
	"$CERTGEN" --key rsa:2048 "$T/rsa.pem" localhost 2> "$T/certgen.log"
	WRAP_OPTIONS=()
	over -tls1_2 -sigalgs RSA+SHA256
	over -tls1_2 -sigalgs RSA+SHA384
	over -tls1_2 -sigalgs RSA+SHA512
	WRAP_OPTIONS=(--no-keyholder)
	over -tls1_2 -sigalgs RSA+SHA256
}

@test "a client certificate in many records that arrive together is read at once" {
	[ -e "$T/rsa.pem" ] || "$CERTGEN" --key rsa:2048 "$T/rsa.pem" localhost 2> "$T/certgen.log"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=user -keyout "$T/user.key" -out "$T/user.crt" 2> "$T/req.log"
	WRAP_OPTIONS=(-v 2 -A "$T/user.crt")
	over -tls1_2 -max_send_frag 512 -cert "$T/user.crt" -key "$T/user.key"
	over -tls1_3 -max_send_frag 512 -cert "$T/user.crt" -key "$T/user.key"
}

@test "client mode reads a server's certificate in many records at once" {
	local port version
	[ -e "$T/rsa.pem" ] || "$CERTGEN" --key rsa:2048 "$T/rsa.pem" localhost 2> "$T/certgen.log"
	for version in -tls1_2 -tls1_3; do
		port=$(free_port)
		start server openssl s_server -quiet -rev -accept "127.0.0.1:$port" -max_send_frag 512 "$version" \
			-cert "$T/rsa.crt" -key "$T/rsa.pem"
		wait_for 10 listening "$port"
		types hello | timeout 8 "$WRAP" -c -A "$T/rsa.crt" -r "localhost:$port" -o "$(new_log client)" > "$T/heard"
		[ "$(cat "$T/heard")" = olleh ]
		stop "$pid"
	done
}

# pieces HELLO SIZE [WRAP-OPTION...]: a one-shot and a listener, in both versions.
pieces() {
	local hello=$1 size=$2 version listening
	shift 2
	for version in 1.2 1.3; do
		session --tls "$version" --hello "$hello" --peer "pieces:$size send:100 bye recv-all" --backend echo -- "$@"
		says exit=0 "peer.handshake=$version" peer.received=100 peer.tls=close_notify
		logged result=ok in=100 out=100
		within 3
		command_session --tls "$version" --hello "$hello" --peer "pieces:$size send:100 bye recv-all" \
			--limit 8 --connect "$PORT"
		says "peer.handshake=$version" peer.tls=close_notify
	done
}

@test "a ClientHello in small records that arrive together, and one over 16 kB, are answered at once" {
	local size
	for size in 1 16 200 511; do
		pieces 300 "$size"
	done
	pieces 20000 16384
	pieces 20000 511
	pieces 60000 200
}

@test "client mode reads a server's chain of 18 kB, in records of any size" {
	local port version size
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$T/big.key" -out "$T/big.crt" -addext \
		"subjectAltName=DNS:localhost$(printf ',DNS:host-%03d.a-name-that-is-rather-long-for-a-host.example.org' {1..280})" \
		2> "$T/req.log"
	[ "$(openssl x509 -in "$T/big.crt" -outform DER | wc -c)" -gt 16500 ]
	for version in -tls1_2 -tls1_3; do
		for size in 16384 512; do
			port=$(free_port)
			start server openssl s_server -quiet -rev -accept "127.0.0.1:$port" "$version" -max_send_frag "$size" \
				-cert "$T/big.crt" -key "$T/big.key"
			wait_for 10 listening "$port"
			types hello | timeout 8 "$WRAP" -c -A "$T/big.crt" -r "localhost:$port" -o "$(new_log client)" > "$T/heard"
			[ "$(cat "$T/heard")" = olleh ]
			stop "$pid"
		done
	done
}

@test "bad: -C NORMAL offers no RSA key exchange, which the key's process cannot answer" {
	local port
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext basicConstraints=critical,CA:FALSE -keyout "$T/any.key" -out "$T/any.crt" 2> "$T/req.log"
	cat "$T/any.key" "$T/any.crt" > "$T/any.pem"
	chmod 600 "$T/any.pem"
	port=$(free_port)
	start any "$WRAP" -f -d "127.0.0.1:$port" -p "$T/any.pem" -r "127.0.0.1:$ECHO_PORT" -C NORMAL -o "$(new_log any)"
	wait_for 10 listening "$port"
	timeout 5 openssl s_client -connect "127.0.0.1:$port" -tls1_2 -cipher AES128-GCM-SHA256:@SECLEVEL=0 < /dev/null > "$T/heard" 2>&1 || :
	grep -q "handshake failure" "$T/heard"
	wait_for 5 grep -q 'peer offers no cipher suite or group' "$T/any.log"
}

@test "bad: -C NORMAL serves neither TLS 1.1 nor signatures over SHA-1, which the key's process does not make" {
	local port args
	port=$(free_port)
	start old "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$ECHO_PORT" -C NORMAL:+SIGN-ECDSA-SHA1 -o "$(new_log old)"
	wait_for 10 listening "$port"
	for args in -tls1 -tls1_1 "-tls1_2 -sigalgs ECDSA+SHA1"; do
		# shellcheck disable=SC2086
		timeout 5 openssl s_client -connect "127.0.0.1:$port" $args -cipher ALL:@SECLEVEL=0 < /dev/null > "$T/heard" 2>&1 || :
		grep -q "alert \(protocol version\|handshake failure\)" "$T/heard"
	done
	wait_for 5 grep -q 'peer offers no TLS version that is allowed here' "$T/old.log"
	wait_for 5 grep -q 'peer offers no cipher suite or group' "$T/old.log"
	run ! grep "asked to sign" "$T/old.log"
	run "$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 -C NORMAL:-VERS-ALL:+VERS-TLS1.1
	[[ $output == *'error   -C "NORMAL:-VERS-ALL:+VERS-TLS1.1": allows no '*"TLS 1.2"* ]]
}

# The manual's row for an option of stunnel's, and what openssl then gets with one argument and not with the other.
instead_of_stunnel() {
	local string port number=$((number + 1))
	string=$(awk -v row=".It $1" '$0 == row { getline; sub(/^-C /, ""); print; exit }' "$ROOT/man/inetls-wrap.8")
	[ -n "$string" ]
	port=$(free_port)
	start "s$number" "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$ECHO_PORT" -C "$string" -o "$(new_log "s$number")"
	wait_for 10 listening "$port"
	# shellcheck disable=SC2086
	timeout 5 openssl s_client -connect "127.0.0.1:$port" $2 < /dev/null 2>&1 | grep 'Cipher is' | grep -v NONE
	# shellcheck disable=SC2086
	timeout 5 openssl s_client -connect "127.0.0.1:$port" $3 < /dev/null 2>&1 | grep 'Cipher is (NONE)'
	stop "$pid"
}

@test "the strings of -C in COMING FROM STUNNEL allow what stunnel's options did" {
	instead_of_stunnel "sslVersionMin = TLSv1.3" -tls1_3 -tls1_2
	instead_of_stunnel "sslVersionMax = TLSv1.2, options = NO_TLSv1.3" -tls1_2 -tls1_3
	instead_of_stunnel "curves = P-256" "-groups P-256" "-groups X25519"
	instead_of_stunnel "ciphersuites = TLS_AES_256_GCM_SHA384" "-tls1_3 -ciphersuites TLS_AES_256_GCM_SHA384" \
		"-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256"
}

@test "client: -C NORMAL reaches a server that has nothing newer than TLS 1.1" {
	local port
	port=$(free_port)
	start server openssl s_server -quiet -rev -accept "127.0.0.1:$port" -tls1_1 -cipher ALL:@SECLEVEL=0 -cert "$T/pgssl.pem" -key "$T/pgssl.pem"
	wait_for 10 listening "$port"
	types hello | timeout 8 "$WRAP" -c -v 0 -C NORMAL -r "localhost:$port" -o "$(new_log client)" > "$T/heard"
	[ "$(cat "$T/heard")" = olleh ]
	grep -q 'tls=1.1' "$T/client.log"
}

# A GnuTLS with ML-KEM would choose it: then the share below, which is none, is refused.
@test "a ClientHello as OpenSSL 3.5 makes it, ML-KEM first and in two segments, gets X25519 at once" {
	local pause size group
	"$WRAP" --check -p "$T/pgssl.pem" -r 127.0.0.1:1 -C NORMAL:+GROUP-X25519-MLKEM768 < /dev/null |
		grep -q 'does not know "+GROUP-X25519-MLKEM768"' || skip "kernel: this GnuTLS has ML-KEM"
	for pause in 0 0.3; do
		session --tls 1.3 --hello 200 --peer "hybrid:$pause" -- --handshake-timeout 5s
		IFS=, read -r size group <<< "$(said peer.hello)"
		[ "$size" -gt 1500 ]
		[ "$size" -lt 1900 ]
		[ "$group" -eq 29 ]
		within 3
	done
}
