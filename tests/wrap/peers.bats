# Other TLS programs: client mode to stunnel, openssl s_server and gnutls-serv; server mode from openssl s_client,
# gnutls-cli, socat, ncat and curl.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
	# A service without TLS: what comes in goes out again, backwards, line by line.
	cat > "$T/backend.py" <<-'END'
	import socketserver, sys
	class Line(socketserver.StreamRequestHandler):
	    def handle(self):
	        for line in self.rfile:
	            self.wfile.write(line.strip()[::-1] + b"\n")
	class Server(socketserver.ThreadingTCPServer):
	    daemon_threads = True
	    allow_reuse_address = True
	with Server(("127.0.0.1", 0), Line) as server:
	    open(sys.argv[1] + ".new", "w").write(str(server.server_address[1]))
	    __import__("os").rename(sys.argv[1] + ".new", sys.argv[1])
	    server.serve_forever()
	END
	start backend /usr/bin/python3 "$T/backend.py" "$T/backend.port"
	wait_for 10 test -s "$T/backend.port"
	BACKEND=$(cat "$T/backend.port")
	tls_server ours "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" -f
	OURS=$port
	export BACKEND OURS
}

# talks PORT [OPTION...]: our client says a line to a server that turns it round, and trusts $T/pgssl.crt.
talks() {
	once "$WRAP" -c -r "localhost:$1" -A "$T/pgssl.crt" -o "$(new_log wrap)" "${@:2}"
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$output" = enil ]
	grep -q 'result=ok' "$T/wrap.log"
}

# distrusts PORT: it does not, where the certificate is not the one of -A; not a byte comes back.
distrusts() {
	run timeout 30 sh -c 'echo line | "$@"' sh "$WRAP" -c -r "localhost:$1" -A "$T/other.crt" -o "$(new_log wrap)"
	[ "$status" -eq 69 ]
	[ -z "$output" ]
	grep -q 'not issued by a CA' "$T/wrap.log"
}

# -- client mode -----------------------------------------------------------------------------------------

stunnel_server() {
	local try
	for try in 1 2 3; do
		port=$(free_port)
		cat > "$T/stunnel.conf" <<-END
		foreground = yes
		pid =
		socket = r:TCP_NODELAY=1
		$1
		[it]
		accept = 127.0.0.1:$port
		connect = 127.0.0.1:$BACKEND
		cert = $T/pgssl.pem
		$2
		END
		start stunnel stunnel4 "$T/stunnel.conf"
		wait_for 10 server_up && return 0
	done
	return 1
}

@test "client mode to stunnel" {
	need stunnel4
	stunnel_server
	distrusts "$port"
	talks "$port"
	grep -q 'tls=1.3' "$T/wrap.log"
}

@test "client mode to stunnel that speaks TLS 1.2 alone" {
	need stunnel4
	stunnel_server '' 'sslVersion = TLSv1.2'
	talks "$port"
	grep -q 'tls=1.2' "$T/wrap.log"
}

@test "client mode to stunnel that wants a certificate" {
	need stunnel4
	authority good
	issue good client dba extendedKeyUsage=clientAuth
	stunnel_server '' "CAfile = $T/good.crt
		verifyChain = yes"
	run timeout 30 sh -c 'echo line | "$@"' sh "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log wrap)"
	[ "$status" -eq 69 ]
	talks "$port" -p "$T/client.pem"
}

@test "client mode to openssl s_server" {
	s_server server "$T/pgssl.pem"
	distrusts "$port"
	talks "$port"
}

@test "client mode to openssl s_server: TLS 1.2, an RSA certificate, another group" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/rsa.key" -out "$T/rsa.crt" -days 3 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost 2> /dev/null
	cat "$T/rsa.key" "$T/rsa.crt" > "$T/rsa.pem"
	s_server server "$T/rsa.pem" -tls1_2 -groups P-384
	once "$WRAP" -c -r "localhost:$port" -A "$T/rsa.crt" -o "$(new_log wrap)"
	[ "$output" = enil ]
	grep -q 'tls=1.2.*group=SECP384R1' "$T/wrap.log"
}

@test "client mode to openssl s_server: nothing that both speak is a sentence" {
	s_server server "$T/pgssl.pem" -tls1_1 -cipher ALL:@SECLEVEL=0
	run timeout 30 sh -c 'echo line | "$@"' sh "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log wrap)"
	[ "$status" -eq 69 ]
	grep -Eq "reason=\"(peer's alert: .*version|peer offers no TLS version)" "$T/wrap.log"
}

@test "client mode to gnutls-serv" {
	need gnutls-serv
	tls_server server gnutls-serv --echo --port {port} --x509keyfile "$T/pgssl.pem" --x509certfile "$T/pgssl.pem"
	once "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log wrap)"
	[ "$output" = line ]
	grep -q 'result=' "$T/wrap.log"
	distrusts "$port"
}

# -- server mode -----------------------------------------------------------------------------------------

# speaks COMMAND...: a foreign client says a line and gets it back, backwards; $output is all that it prints.
speaks() {
	run timeout 30 sh -c '{ echo line; sleep 1; } | "$@" 2> "$0"' "$T/their.log" "$@"
	echo "$output"
	cat "$T/their.log"
	grep -qx 'enil' <<< "${output//$'\r'/}"
}

@test "openssl s_client verifies and is served; with another CA it refuses" {
	speaks openssl s_client -connect "localhost:$OURS" -CAfile "$T/pgssl.crt" -verify_return_error -verify_hostname \
		localhost -quiet -no_ign_eof
	if speaks openssl s_client -connect "localhost:$OURS" -CAfile "$T/other.crt" -verify_return_error -quiet -no_ign_eof; then
		return 1
	fi
	wait_for 10 grep -q 'peer does not trust our certificate' "$T/ours.log"
}

@test "gnutls-cli verifies and is served; with another CA it refuses" {
	need gnutls-cli
	speaks gnutls-cli --logfile="$T/gnutls.out" --x509cafile="$T/pgssl.crt" -p "$OURS" localhost
	! speaks gnutls-cli --logfile="$T/gnutls.out" --x509cafile="$T/other.crt" -p "$OURS" localhost
}

@test "socat verifies and is served; with another CA it refuses" {
	need socat
	speaks socat -t 1 - "OPENSSL:localhost:$OURS,cafile=$T/pgssl.crt,commonname=localhost,pf=ip4"
	! speaks socat -t 1 - "OPENSSL:localhost:$OURS,cafile=$T/other.crt,commonname=localhost,pf=ip4"
}

@test "ncat --ssl verifies and is served; with another CA it refuses" {
	need ncat
	speaks ncat --ssl-verify --ssl-trustfile "$T/pgssl.crt" localhost "$OURS"
	! speaks ncat --ssl-verify --ssl-trustfile "$T/other.crt" localhost "$OURS"
}

@test "stunnel as the client is served" {
	need stunnel4
	local try
	for try in 1 2 3; do
		port=$(free_port)
		cat > "$T/stunnel.conf" <<-END
		foreground = yes
		pid =
		[it]
		client = yes
		accept = 127.0.0.1:$port
		connect = 127.0.0.1:$OURS
		CAfile = $T/pgssl.crt
		verifyChain = yes
		checkHost = localhost
		END
		start stunnel stunnel4 "$T/stunnel.conf"
		! wait_for 10 server_up || break
	done
	need socat
	speaks socat -t 1 - "TCP:127.0.0.1:$port"
}

@test "curl fetches a page of 5 MB from a server without TLS, byte by byte the same" {
	need curl
	mkdir -p "$T/www"
	head -c 5000000 /dev/urandom > "$T/www/page"
	tls_server http /usr/bin/python3 -m http.server -b 127.0.0.1 -d "$T/www" {port}
	tls_server https "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$port" -f
	run timeout 30 curl -sS --cacert "$T/other.crt" "https://localhost:$port/page" -o "$T/fetched"
	[ "$status" -eq 60 ]
	timeout 30 curl -sS --noproxy '*' --cacert "$T/pgssl.crt" --pinnedpubkey "$(pin_of "$T/pgssl.pem")" \
		"https://localhost:$port/page" "https://localhost:$port/page" -o "$T/fetched" -o "$T/again"
	cmp "$T/www/page" "$T/fetched"
	cmp "$T/www/page" "$T/again"
}
