# The PROXY protocol: --proxy-in only from the addresses it names, --proxy-out to the service, versions 1 and 2,
# together with -n pgsql, with haproxy in front and behind.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup() {
	lib_before
	need socat
}

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	have socat || return 0
	tls_server backend socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" \
		"SYSTEM:echo hello; echo it >> $T/disturbed; exec cat > /dev/null"
	BACKEND=$port
	export BACKEND
	tls_server wrap "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" \
		--proxy-in 192.0.2.9,127.0.0.1 --handshake-timeout 2s -f
	OURS=$port
	export OURS
	! have postgresql || pg_start
}

# sends HEADER HOW [PORT]: what became of it is in $got, the session's line in $line.
sends() {
	local log=${4:-$T/wrap.log} before
	before=$(grep -c 'result=' "$log") || :
	got=$(timeout 20 "$ROOT/tests/lib/proxied.py" "${3:-$OURS}" "$1" "$2")
	wait_for 10 more_sessions "$log" "$before"
	line=$(grep 'result=' "$log" | tail -n 1)
}

more_sessions() {
	[ "$(grep -c 'result=' "$1")" -gt "$2" ]
}

V2='\r\n\r\n\x00\r\nQUIT\n'

# -- refused ---------------------------------------------------------------------------------------------

@test "a header from an address that is not named is not read: refused, and the service hears nothing" {
	local before
	before=$(cat "$T/disturbed" 2> /dev/null | wc -l)
	tls_server strict "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" --proxy-in 192.0.2.9 -f
	sends 'PROXY TCP4 203.0.113.7 198.51.100.1 51234 443\r\n' tls "$port" "$T/strict.log"
	[ "$got" = closed ]
	grep -q 'result=refused.*the connection does not come from an address of --proxy-in' <<< "$line"
	grep -q 'peer=127.0.0.1:' <<< "$line"
	[ "$(cat "$T/disturbed" 2> /dev/null | wc -l)" -eq "$before" ]
}

@test "networks: the first bits decide, of IPv4 and of IPv6" {
	local list want
	while read -r want list; do
		tls_server network "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" --proxy-in "$list" -f
		sends 'PROXY TCP4 203.0.113.7 198.51.100.1 51234 443\r\n' tls "$port" "$T/network.log"
		echo "$list: $line"
		grep -qF "$want" <<< "$line"
		stop "$pid"
	done <<- END
		peer=203.0.113.7:51234 127.0.0.0/8
		peer=203.0.113.7:51234 10.0.0.0/8,126.0.0.0/7
		peer=203.0.113.7:51234 ::ffff:127.0.0.0/104
		peer=203.0.113.7:51234 0.0.0.0/0
		peer=203.0.113.7:51234 127.0.0.1/32
		result=refused 127.0.0.0/32
		result=refused 126.0.0.0/8
		result=refused 127.1.0.0/16
		result=refused 2001:db8::/32
	END
}

@test "bad headers: each is refused, and the service hears nothing" {
	local header before
	before=$(cat "$T/disturbed" 2> /dev/null | wc -l)
	while read -r header; do
		sends "$header" tls
		if [ "$got" != closed ] || ! grep -q 'result=refused.*PROXY header' <<< "$line"; then
			echo "$header: $got, $line"
			return 1
		fi
	done <<-'END'
	PROXY TCP4 203.0.113.7 198.51.100.1 51234\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 51234 443 1\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 65536 443\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 -1 443\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 51234 65536\r\n
	PROXY TCP4 203.0.113.7 somewhere 51234 443\r\n
	PROXY TCP4 203.0.113.7 2001:db8::2 51234 443\r\n
	PROXY TCP4 203.0.113 198.51.100.1 51234 443\r\n
	PROXY TCP4 2001:db8::1 2001:db8::2 51234 443\r\n
	PROXY TCP6 203.0.113.7 198.51.100.1 51234 443\r\n
	PROXY UDP4 203.0.113.7 198.51.100.1 51234 443\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 51234 443\n
	PROXY  TCP4 203.0.113.7 198.51.100.1 51234 443\r\n
	proxy TCP4 203.0.113.7 198.51.100.1 51234 443\r\n
	PROXY TCP4 203.0.113.7 198.51.100.1 51234 443 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n
	\r\n\r\n\x00\r\nQUIT\n\x11\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb
	\r\n\r\n\x00\r\nQUIT\n\x22\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb
	\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0b\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01
	\r\n\r\n\x00\r\nQUIT\n\x21\x11\xff\xff\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb
	END
	[ "$(cat "$T/disturbed" 2> /dev/null | wc -l)" -eq "$before" ]
}

@test "no header at all, from a proxy that is named: refused" {
	sends '' tls
	[ "$got" = closed ]
	grep -q 'result=refused.*no well-formed PROXY header' <<< "$line"
}

@test "a header that does not come to its end is given up after --handshake-timeout" {
	local before
	before=$(grep -c 'result=' "$T/wrap.log") || :
	exec 8<> "/dev/tcp/127.0.0.1/$OURS"
	printf 'PROXY TCP4 203.0.113.7' >&8
	[ -z "$(timeout 10 cat <&8)" ]
	exec 8>&-
	wait_for 10 more_sessions "$T/wrap.log" "$before"
	tail -n 1 "$T/wrap.log" | grep 'result=refused.*no PROXY header within --handshake-timeout.*end=timeout'
}

@test "a proxy that leaves within its header: refused, and the service hears nothing" {
	local before disturbed
	disturbed=$(cat "$T/disturbed" 2> /dev/null | wc -l)
	before=$(grep -c 'result=' "$T/wrap.log") || :
	exec 8<> "/dev/tcp/127.0.0.1/$OURS"
	printf 'PROXY TCP4 203.0.113.7' >&8
	exec 8>&-
	wait_for 10 more_sessions "$T/wrap.log" "$before"
	tail -n 1 "$T/wrap.log" | grep 'result=refused.*proxy closed before its PROXY header was complete'
	[ "$(cat "$T/disturbed" 2> /dev/null | wc -l)" -eq "$disturbed" ]
}

@test "what is no list of addresses is a bad command line" {
	for list in '' localhost '127.0.0.1,' ,127.0.0.1 127.0.0.0/33 ::1/129 127.0.0.0/ 127.0.0.0/-1 127.0.0.0/8/8 /8; do
		run timeout 10 "$WRAP" -p "$T/pgssl.pem" -r 1 --proxy-in "$list" -f < /dev/null
		[ "$status" -eq 64 ]
		[[ $output == *"--proxy-in \"$list\": not a list"* ]]
	done
	run timeout 10 "$WRAP" -p "$T/pgssl.pem" -r 1 --proxy-out v3 -f < /dev/null
	[ "$status" -eq 64 ]
}

# -- served ----------------------------------------------------------------------------------------------

# told HEADER PEER: whole and in pieces, with the ClientHello in the same segment and without.
told() {
	local how
	for how in tls split; do
		sends "$1" "$how"
		[ "$got" = served ] || { echo "$how: $got, $line"; return 1; }
		grep -qF "peer=$2" <<< "$line" || { echo "$line"; return 1; }
	done
}

@test "version 1, IPv4 and IPv6" {
	told 'PROXY TCP4 203.0.113.7 198.51.100.1 51234 443\r\n' '203.0.113.7:51234 '
	told 'PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n' '[2001:db8::7]:51234 '
}

@test "version 2, IPv4 and IPv6, with extensions behind the addresses" {
	told "$V2"'\x21\x11\x00\x0c\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb' '203.0.113.7:51234 '
	told "$V2"'\x21\x11\x00\x13\xcb\x00\x71\x07\xc6\x33\x64\x01\xc8\x22\x01\xbb\x04\x00\x04abcd' '203.0.113.7:51234 '
	told "$V2"'\x21\x21\x00\x24\x20\x01\r\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x20\x01\r\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xc8\x22\x01\xbb' \
		'[2001:db8::7]:51234 '
}

@test "UNKNOWN and LOCAL: the proxy speaks for itself" {
	told 'PROXY UNKNOWN\r\n' 127.0.0.1:
	told "$V2"'\x20\x00\x00\x00' 127.0.0.1:
}

# announces VERSION: what the service gets before everything else; the wrapper's log is told who the peer was.
announces() {
	tls_server heard socat "TCP-LISTEN:{port},bind=127.0.0.1" "SYSTEM:echo hello; exec cat > $T/heard.$1"
	tls_server out "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$port" --proxy-out "$1" \
		--proxy-in 127.0.0.1 -f
	sends 'PROXY TCP4 203.0.113.7 198.51.100.1 51234 443\r\n' tls "$port" "$T/out.log"
	[ "$got" = served ]
}

# A reset between connect and the first byte comes too rarely, so strace fails that write: the third, after those of the
# log, because of --no-sandbox, and of the ServerHello.
@test "bad: a header that the service does not take ends the session, with no clean end for the peer" {
	need_strace
	command_session --peer 'handshake recv-tls hold' -- strace -f -o "$T/strace.log" -e trace=write \
		-e inject=write:error=EPIPE:when=3 "$WRAP" --no-sandbox -o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' \
		--proxy-out v2
	says exit=69 peer.received=0 peer.tls=alert:internal_error
	grep 'result=backend .*reason="the PROXY header could not be written: Broken pipe" .*end=backend' "$T/session.log"
}

@test "--proxy-out v1: one line, with the peer that --proxy-in was told of" {
	announces v1
	grep -qE "^PROXY TCP4 203\.0\.113\.7 127\.0\.0\.1 51234 $port"$'\r$' "$T/heard.v1"
}

@test "--proxy-out v2: 28 bytes" {
	announces v2
	[ "$(od -An -tx1 "$T/heard.v2" | tr -d ' \n')" = "0d0a0d0a000d0a515549540a2111000ccb0071077f000001c822$(printf %04x "$port")" ]
}

# -- with haproxy ------------------------------------------------------------------------------------------

# haproxy_between NAME SERVER-OPTIONS BIND-OPTIONS TO: sets $port; its log says whom it took for the client.
haproxy_between() {
	local try
	for try in 1 2 3; do
		port=$(free_port)
		cat > "$T/$1.conf" <<-END
		global
		    log stdout format raw local0
		defaults
		    mode tcp
		    log global
		    timeout connect 5s
		    timeout client 60s
		    timeout server 60s
		listen it
		    bind 127.0.0.1:$port $3
		    log-format "client=%ci:%cp"
		    server it 127.0.0.1:$4 $2
		END
		start "$1" haproxy -db -f "$T/$1.conf"
		! wait_for 10 server_up || return 0
	done
	return 1
}

# in_front_and_behind VERSION SERVER-OPTION: psql, haproxy, our server mode, haproxy, PostgreSQL.
in_front_and_behind() {
	need haproxy
	need postgresql
	haproxy_between behind '' accept-proxy "$PGPORT_REAL"
	tls_server pg "$WRAP" -n pgsql -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$port" --proxy-in 127.0.0.1 \
		--proxy-out "$1" -f
	haproxy_between front "$2" '' "$port"
	run psql_tls "$port" -At -c 'select 6 * 7'
	[ "$output" = 42 ]
	wait_for 10 grep -q '^client=' "$T/front.log"
	wait_for 10 grep -q '^client=' "$T/behind.log"
	wait_for 10 grep -q 'result=ok' "$T/pg.log"
	# All three took the same end for the client, and it is psql's own.
	client=$(sed -n 's/^client=//p' "$T/front.log" | tail -n 1)
	grep -qxF "client=$client" "$T/behind.log"
	grep -qF "peer=$client " "$T/pg.log"
}

@test "haproxy in front and behind, with -n pgsql: version 1" {
	in_front_and_behind v1 send-proxy
}

@test "haproxy in front and behind, with -n pgsql: version 2" {
	in_front_and_behind v2 send-proxy-v2
}

@test "Ctrl-C in psql arrives through haproxy in front and behind" {
	need haproxy
	need postgresql
	haproxy_between behind '' accept-proxy "$PGPORT_REAL"
	tls_server pg "$WRAP" -n pgsql -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$port" --proxy-in 127.0.0.1 \
		--proxy-out v2 -f
	haproxy_between front send-proxy-v2 '' "$port"
	start psql psql -X "host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full sslrootcert=$T/pgssl.crt" \
		-c 'select pg_sleep(60)'
	wait_for 10 sleeping
	kill -INT "$pid"
	wait_for 10 gone "$pid"
	grep -q 'canceling statement due to user request' "$T/psql.log"
}

sleeping() {
	[ "$(timeout 20 psql -XAt "host=127.0.0.1 port=$PGPORT_REAL sslmode=disable" \
		-c "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'")" = 1 ]
}
