# Peers that are large or slow to install: hitch as a TLS server, and Chromium as a browser.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/chromium
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
}

# http_server: a server without TLS; sets $port.
http_server() {
	mkdir -p "$T/www"
	echo '<!DOCTYPE html><title>it</title><p>served by a server without TLS</p>' > "$T/www/index.html"
	tls_server http /usr/bin/python3 -m http.server -b 127.0.0.1 -d "$T/www" {port}
}

@test "client mode to hitch: another certificate is refused, the right one served" {
	need hitch
	local try http
	http_server
	http=$port
	# hitch reads its PEM as another user where root has started it.
	install -m 644 "$T/pgssl.pem" "$T/hitch.pem"
	for try in 1 2 3; do
		port=$(free_port)
		start hitch hitch --frontend="[127.0.0.1]:$port" --backend="[127.0.0.1]:$http" --workers=1 \
			--user=nobody "$T/hitch.pem"
		! wait_for 10 server_up || break
	done
	run timeout 30 sh -c 'echo line | "$@"' sh "$WRAP" -c -r "localhost:$port" -A "$T/other.crt" -o "$(new_log wrap)"
	[ "$status" -eq 69 ]
	[ -z "$output" ]
	grep -q 'not issued by a CA' "$T/wrap.log"
	printf 'GET / HTTP/1.0\r\n\r\n' > "$T/request"
	run timeout 30 sh -c '{ cat "$0"; sleep 2; } | "$@"' "$T/request" "$WRAP" -c -r "localhost:$port" \
		-A "$T/pgssl.crt" -o "$(new_log wrap)"
	grep -q 'served by a server without TLS' <<< "$output"
	grep -q 'tls=1' "$T/wrap.log"
}

@test "Chromium shows a page that is served through it, by a certificate of certgen's CA, and no other name" {
	need chromium
	need certutil
	"$CERTGEN" ca "$T/ca" example.org < /dev/null > "$T/ca.log" 2>&1
	"$CERTGEN" server --ca "$T/ca" "$T/web.pem" db.example.org < /dev/null >> "$T/ca.log" 2>&1
	chromium_trusts "$T/ca/ca.crt"
	http_server
	tls_server wrap "$WRAP" -p "$T/web.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$port" -f
	run chromium_shows "$port" db.example.org
	grep -q 'served by a server without TLS' <<< "$output"
	wait_for 10 grep -q 'result=.*sni=db.example.org' "$T/wrap.log"
	run chromium_shows "$port" other.example.org
	! grep -q 'served by a server without TLS' <<< "$output"
}
