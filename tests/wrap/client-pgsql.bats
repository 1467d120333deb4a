# Client mode with -n pgsql: psql without TLS, through inetls-wrap -c, to a PostgreSQL with TLS (ssl = on), and to one
# without TLS behind our server mode; and what psql shows if that fails.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup() {
	lib_before
	need postgresql
}

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
	have postgresql || return 0
	# shellcheck disable=SC2034 # pg_configure asks for it
	PG_SSL_PEM=$T/pgssl.pem
	pg_start
	start server "$WRAP" -n pgsql -p "$T/pgssl.pem" -d "127.0.0.1:$(server_port)" -r "127.0.0.1:$PGPORT_REAL" -f
	wait_for 10 listening "$(server_port)"
}

# pg_configure: pg.sh's server, which has TLS as well where it is asked for and takes nobody in without.
eval "$(declare -f pg_configure | sed '1s/pg_configure/pg_configure_plain/')"
pg_configure() {
	pg_configure_plain | sed 's/^ssl = off/ssl = on/'
	install -m 600 -o "$(pg_as id -u)" "$PG_SSL_PEM" "$PG_DIR/server.pem"
	echo "ssl_cert_file = '$PG_DIR/server.pem'"
	echo "ssl_key_file = '$PG_DIR/server.pem'"
}

server_port() {
	[ -s "$T/server.port" ] || free_port > "$T/server.port"
	cat "$T/server.port"
}

# client_to PORT [OPTION...]: the wrapper in client mode; its port is in $port.
client_to() {
	local to=$1
	shift
	tls_server client "$WRAP" -c -n pgsql -d 127.0.0.1:{port} -r "localhost:$to" -f "$@"
}

# local_psql SSLMODE ARG...: without TLS of its own.
local_psql() {
	run timeout 60 psql -XAt "host=127.0.0.1 port=$port sslmode=$1" "${@:2}"
}

# refused WORD...: psql ends with our sentence, and each word is in it.
refused() {
	local word
	local_psql prefer -c 'select 1'
	echo "$output"
	[ "$status" -eq 2 ]
	grep -qF 'FATAL:  the database cannot be reached through TLS' <<< "$output"
	for word; do
		grep -qF -e "$word" <<< "$output"
	done
}

# -- psql is told ----------------------------------------------------------------------------------------

@test "nobody listens: psql says so in our words" {
	client_to "$(free_port)" -A "$T/pgssl.crt"
	refused 'Connection refused'
}

@test "a name that does not exist: psql says so in our words" {
	tls_server client "$WRAP" -c -n pgsql -d 127.0.0.1:{port} -r nosuch.invalid:5432 -A "$T/pgssl.crt" -f
	refused 'resolve nosuch.invalid'
}

@test "a server that takes connections and stays silent: psql says so after --handshake-timeout" {
	tls_server silent socat -u "TCP-LISTEN:{port},bind=127.0.0.1,fork" OPEN:/dev/null
	client_to "$port" -A "$T/pgssl.crt" --handshake-timeout 1s
	refused --handshake-timeout
}

@test "a PostgreSQL without TLS: psql says so, and its password stays here" {
	# The same server, behind a relay that answers N to every SSLRequest: PostgreSQL's own ssl = off.
	tls_server plain socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" \
		'SYSTEM:head -c 8 > /dev/null; printf N; cat > "$T/heard"'
	client_to "$port" -A "$T/pgssl.crt"
	refused 'server has no TLS (ssl = off)'
	[ ! -s "$T/heard" ]
}

@test "a server that answers SSLRequest with an error: psql says so" {
	tls_server odd socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" SYSTEM:'head -c 8 > /dev/null; printf E'
	client_to "$port" -A "$T/pgssl.crt"
	refused 'is it PostgreSQL?'
}

# -- one side has -n pgsql, the other has not ---------------------------------------------------------------

# without_n PORT: the wrapper in client mode, without -n; psql does not get through.
without_n() {
	tls_server client "$WRAP" -c -d 127.0.0.1:{port} -r "localhost:$1" -A "$T/pgssl.crt" -f
	local_psql disable -c 'select 1'
	[ "$status" -eq 2 ]
}

@test "a server that speaks TLS from the first byte, the client has -n pgsql: psql is told to leave it out" {
	tls_server plain "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$PGPORT_REAL" -f
	client_to "$port" -A "$T/pgssl.crt"
	refused 'leave -n pgsql out here, or give it to the server too'
	wait_for 5 grep -qF 'peer does not speak TLS; is -n with its protocol missing?' "$T/plain.log"
}

@test "stunnel without protocol = pgsql, the client has -n pgsql: psql is told to leave it out" {
	need stunnel4
	port=$(free_port)
	printf '%s\n' foreground=yes pid= "cert=$T/pgssl.pem" '[s]' "accept=127.0.0.1:$port" "connect=127.0.0.1:$PGPORT_REAL" > "$T/plain.conf"
	start stunnel stunnel4 "$T/plain.conf"
	wait_for 10 listening "$port"
	client_to "$port" -A "$T/pgssl.crt"
	refused 'leave -n pgsql out here, or give it to the server too'
}

@test "the server has -n pgsql, the client has not: each log names what is missing" {
	without_n "$(server_port)"
	grep -qF 'peer wants another protocol in TLS; is -n with its protocol missing?' "$T/client.log"
}

@test "a PostgreSQL or stunnel that waits for SSLRequest, the client has no -n: its log says so" {
	need stunnel4
	port=$(free_port)
	printf '%s\n' foreground=yes pid= "cert=$T/pgssl.pem" '[s]' "accept=127.0.0.1:$port" "connect=127.0.0.1:$PGPORT_REAL" protocol=pgsql > "$T/pg.conf"
	start stunnel stunnel4 "$T/pg.conf"
	wait_for 10 listening "$port"
	without_n "$port"
	grep -qF 'peer closed before the handshake; is -n with its protocol missing?' "$T/client.log"
}

@test "psql that demands TLS from the wrapper in client mode: the log names the local program, and what to write" {
	client_to "$(server_port)" -A "$T/pgssl.crt"
	local_psql require -c 'select 1'
	[ "$status" -eq 2 ]
	wait_for 5 grep -qF 'local program asked for encryption and left; it must connect with sslmode=disable' "$T/client.log"
	! grep -F 'peer closed' "$T/client.log"
}

@test "bytes between the server's S and its handshake are refused, and psql says so" {
	tls_server odd socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" \
		SYSTEM:'head -c 8 > /dev/null; printf Sstuffed; sleep 2'
	client_to "$port" -A "$T/pgssl.crt"
	refused 'somebody may have inserted them'
}

# after_handshake HOW: a server that takes TLS and then, before it answers the StartupMessage, is cut off or leaves.
after_handshake() {
	cat > "$T/bin/leaves" <<-'END'
	import socket, ssl, sys
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(sys.argv[2])
	with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
	    peer, _ = listener.accept()
	    peer.recv(8, socket.MSG_WAITALL)
	    peer.sendall(b"S")
	    tls = context.wrap_socket(peer, server_side=True)
	    tls.recv(65536)
	    if sys.argv[3] == "leaves":
	        tls.unwrap()
	    tls.close()
	END
	tls_server "$1" /usr/bin/python3 "$T/bin/leaves" {port} "$T/pgssl.pem" "$1"
	client_to "$port" -A "$T/pgssl.crt"
	local_psql disable -c 'select 1'
	[ "$status" -eq 2 ]
	[[ $output == *"server closed the connection unexpectedly"* ]]
	wait_for 10 grep -q 'result=' "$T/client.log"
}

@test "a server that is cut off before its first answer: result=cut, and psql has no session" {
	after_handshake cut
	grep -qE 'result=cut .*end=peer( |$)' "$T/client.log"
	grep -q 'truncated=yes' "$T/client.log"
}

@test "a server that says close_notify before its first answer: no cut, and psql has no session" {
	after_handshake leaves
	grep -q 'result=ok ' "$T/client.log"
	! grep -q truncated "$T/client.log"
}

@test "the wrong pin: psql is shown the right one" {
	client_to "$PGPORT_REAL" --pin "$(pin_of "$T/other.pem")"
	refused 'is not pinned' "$(pin_of "$T/pgssl.pem")"
}

@test "another key than the known host's: psql is shown both pins and the line" {
	echo "localhost:$PGPORT_REAL $(pin_of "$T/other.pem")" > "$T/known"
	client_to "$PGPORT_REAL" --known-hosts "$T/known"
	refused "$(pin_of "$T/pgssl.pem")" "$(pin_of "$T/other.pem")" 'line 1 of'
}

@test "the wrong CA: psql says so" {
	client_to "$PGPORT_REAL" -A "$T/other.crt"
	refused 'not issued by a CA'
}

@test "known hosts that cannot be opened: psql says so, and the way out" {
	# With such a file at its start it would not have listened at all.
	mkdir "$T/hosts"
	client_to "$PGPORT_REAL" --known-hosts "$T/hosts/known"
	rm -r "$T/hosts"
	refused 'open known hosts' --pin
}

@test "a program that speaks no PostgreSQL: closed, logged, and the server is not disturbed" {
	need socat
	tls_server far socat -u "TCP-LISTEN:{port},bind=127.0.0.1,fork" "CREATE:$T/disturbed"
	client_to "$port" -A "$T/pgssl.crt"
	run timeout 20 sh -c 'printf "GET / HTTP/1.0\r\n\r\n" | socat -t 5 - "TCP:127.0.0.1:$0" 2>/dev/null' "$port"
	[ -z "$output" ]
	wait_for 10 grep -q 'result=refused.*does not speak PostgreSQL' "$T/client.log"
	[ ! -e "$T/disturbed" ]
}

# -- and served ------------------------------------------------------------------------------------------

# serves PORT: psql in both of its modes, and what PostgreSQL thinks of the link.
serves() {
	local mode
	client_to "$1" -A "$T/pgssl.crt"
	for mode in disable allow prefer; do
		local_psql "$mode" -c 'select 6 * 7'
		[ "$status" -eq 0 ]
		[ "$output" = 42 ]
	done
	local_psql disable -c 'select ssl from pg_stat_ssl where pid = pg_backend_pid()'
	[ "$output" = "$2" ]
	# Each psql of sslmode=disable and prefer is one session, that of allow too.
	wait_for 10 four_sessions
	! grep -E 'result=(handshake|config|refused)' "$T/client.log"
}

four_sessions() {
	[ "$(grep -c 'result=ok' "$T/client.log")" -eq 4 ]
}

@test "psql without TLS to a PostgreSQL with ssl = on: it sees TLS" {
	serves "$PGPORT_REAL" t
	grep -q 'tls=1.3' "$T/client.log"
}

@test "psql without TLS to our own server mode in front of PostgreSQL" {
	serves "$(server_port)" f
}

@test "sslmode=require is refused by psql itself: it is the wrapper that encrypts" {
	client_to "$PGPORT_REAL" -A "$T/pgssl.crt"
	local_psql require -c 'select 1'
	[ "$status" -eq 2 ]
	grep -q 'server does not support SSL' <<< "$output"
}

@test "sslnegotiation=direct: psql is told inside TLS to connect without, and nothing goes to the server" {
	need_psql 17
	tls_server far socat -u "TCP-LISTEN:{port},bind=127.0.0.1,fork" "CREATE:$T/disturbed"
	client_to "$port" -A "$T/pgssl.crt"
	local_psql 'require sslnegotiation=direct' -c 'select 1'
	echo "$output"
	[ "$status" -eq 2 ]
	grep -qF 'FATAL:  this port takes no TLS' <<< "$output"
	grep -qF 'HINT:  Connect with sslmode=disable: inetls-wrap -c encrypts on the way to the server.' <<< "$output"
	wait_for 10 grep -q 'result=refused .*reason="local program begins TLS itself' "$T/client.log"
	[ ! -e "$T/disturbed" ]
}

@test "a StartupMessage inside TLS that nobody asked for is answered inside TLS" {
	need openssl
	client_to "$PGPORT_REAL" -A "$T/pgssl.crt"
	printf '\0\0\0\020\0\003\0\0user\0x\0\0' |
		timeout 20 openssl s_client -quiet -alpn postgresql -connect "127.0.0.1:$port" > "$T/answer" 2> /dev/null
	grep -qa 'Connect with sslmode=disable' "$T/answer"
	wait_for 10 grep -q 'result=refused .*reason="local program begins TLS itself' "$T/client.log"
}

@test "sslnegotiation=direct with verify-full: psql believes no certificate made up for it, and the log says what to do" {
	need_psql 17
	client_to "$PGPORT_REAL" -A "$T/pgssl.crt"
	local_psql "verify-full sslnegotiation=direct sslrootcert=$T/pgssl.crt" -c 'select 1'
	echo "$output"
	[ "$status" -eq 2 ]
	grep -q 'certificate verify failed' <<< "$output"
	wait_for 10 grep -q 'result=refused .*reason="local program begins TLS itself.* sslmode=disable"' "$T/client.log"
}

# cancelled PORT [KEYWORD=VALUE]: Ctrl-C in psql ends the query and not the session.
cancelled() {
	client_to "$1" -A "$T/pgssl.crt"
	start psql psql -XAt "host=127.0.0.1 port=$port sslmode=disable ${2:-}" -c 'select pg_sleep(60)'
	wait_for 10 sleeping
	kill -INT "$pid"
	wait_for 10 gone "$pid"
	grep -q 'canceling statement due to user request' "$T/psql.log"
}

sleeping() {
	[ "$(timeout 20 psql -XAt "host=127.0.0.1 port=$PGPORT_REAL sslmode=disable" \
		-c "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)' and state = 'active'")" = 1 ]
}

@test "Ctrl-C in psql cancels through it, to a PostgreSQL with ssl = on" {
	cancelled "$PGPORT_REAL"
}

@test "protocol 3.2, its long key of cancellation, and SCRAM: to a PostgreSQL with ssl = on" {
	need_psql 18
	client_to "$PGPORT_REAL" -A "$T/pgssl.crt"
	local_psql 'disable max_protocol_version=latest require_auth=scram-sha-256' -c '\conninfo' -c 'select 6 * 7'
	echo "$output"
	grep -qE '^Protocol Version *\| *3\.2' <<< "$output"
	[ "${lines[-1]}" = 42 ]
	cancelled "$PGPORT_REAL" max_protocol_version=latest
}

@test "Ctrl-C in psql cancels through it, to our own server mode" {
	cancelled "$(server_port)"
}

@test "one-shot: a program on pipes speaks PostgreSQL through it" {
	# psql has no ProxyCommand: socat gives it one.
	need socat
	port=$(free_port)
	printf '#!/bin/sh\nexec %s -c -n pgsql -r localhost:%s -A %s -o %s\n' "$WRAP" "$PGPORT_REAL" "$T/pgssl.crt" \
		"$(new_log oneshot)" > "$T/bin/oneshot"
	chmod 755 "$T/bin/oneshot"
	tls_server socat socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" "EXEC:$T/bin/oneshot,pipes"
	local_psql prefer -c 'select 6 * 7'
	[ "$output" = 42 ]
	log_lines "$T/oneshot.log" 1
	grep -q 'result=ok' "$T/oneshot.log"
}

@test "a PostgreSQL that is killed in mid-query: psql is cut off and not told that all is well" {
	client_to "$PGPORT_REAL" -A "$T/pgssl.crt"
	local_psql disable -c "select pg_terminate_backend(pg_backend_pid())"
	[ "$status" -ne 0 ]
	grep -q 'terminating connection' <<< "$output"
}
