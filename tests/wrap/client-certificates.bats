# Certificates of clients: {none, another CA's, expired, revoked, another name, right} at each level of -v, in TLS 1.2
# and 1.3: what the client gets, what the log says, and that a refused client never reaches the service.

# lib.bash and client.bash set port, output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client
load ../lib/client-certificates

@test "-v 2, TLS 1.3: none and each wrong one is refused with its alert and its line, the right one served" {
	{ echo "$none_refused_13"; refusals; echo 'right|served|client="CN=dba" client_sha256='; } | cells 2 1.3
}

@test "-v 2, TLS 1.2: none and each wrong one is refused with its alert and its line, the right one served" {
	{ echo "$none_refused_12"; refusals; echo 'right|served|client="CN=dba" client_sha256='; } | cells 2 1.2
}

@test "-v 3, TLS 1.3: as -v 2, and another key of the same CA and name is refused" {
	{
		echo "$none_refused_13"
		refusals
		echo "same-name|alert:bad_certificate|peer's key is not pinned: its pin is $(pin_of "$T/same-name.pem")"
		echo 'right|served|client="CN=dba" client_sha256='
	} | cells 3 1.3
}

@test "-v 1, TLS 1.3: a client without one is served, each wrong one is refused" {
	{ echo '-|served|client=-'; refusals; echo 'right|served|client="CN=dba" client_sha256='; } | cells 1 1.3
}

@test "-v 0, TLS 1.3: everybody is served" {
	everybody | cells 0 1.3
}

# -- what is behind the cells ------------------------------------------------------------------------------

@test "bad: an address of five bytes in a client's certificate is not shown as one" {
	issue good odd dba subjectAltName=DER:30:07:87:05:01:02:03:04:05 extendedKeyUsage=clientAuth
	level_server own 2 --peer-name other
	shows odd 1.3 "$port" "$T/own.log"
	echo "$got: $line"
	[ "$got" = alert:access_denied ]
	grep -qF "reason=\"peer's certificate is for dba, which no --peer-name allows\"" <<< "$line"
}

@test "the fingerprint in the log is openssl's" {
	shows right 1.3 "$(cat "$T/level.2")" "$T/level2.log"
	[ "$(log_field client_sha256 "$line")" = "$(openssl x509 -in "$T/right.crt" -noout -fingerprint -sha256 |
		sed 's/.*=//; s/://g' | tr A-F a-f)" ]
}

@test "-v 3 without --pin: the certificate itself has to be in -A" {
	cat "$T/good.crt" "$T/right.crt" > "$T/with-right.crt"
	level_server own 3 -A "$T/with-right.crt"
	shows same-name 1.3 "$port" "$T/own.log"
	[ "$got" = alert:bad_certificate ]
	grep -q 'not pinned' <<< "$line"
	shows right 1.3 "$port" "$T/own.log"
	[ "$got" = served ]
}

@test "client= names who was refused, and is - where nothing was shown" {
	local version name
	for version in 1.2 1.3; do
		for name in wrong-ca expired below-old; do
			shows "$name" "$version" "$(cat "$T/level.2")" "$T/level2.log"
			grep -q 'result=handshake .*client="CN=dba" client_sha256=[0-9a-f]\{64\} ' <<< "$line"
		done
		shows wrong-name "$version" "$(cat "$T/level.2")" "$T/level2.log"
		grep -q 'result=handshake .*client="CN=stranger" ' <<< "$line"
		shows - "$version" "$(cat "$T/level.2")" "$T/level2.log"
		grep -q 'result=handshake .*client=- ' <<< "$line"
	done
}

@test "of a CA that has expired in -A the line says so, and not that the client's certificate has" {
	authority aged
	openssl ca -batch -selfsign -config "$T/aged/ca.cnf" -keyfile "$T/aged/key.pem" -notext -out "$T/aged.crt" \
		-in <(openssl req -new -key "$T/aged/key.pem" -subj /CN=aged) -extfile <(echo basicConstraints=critical,CA:TRUE) \
		-startdate 20200101000000Z -enddate 20210607000000Z 2> "$T/aged/log"
	openssl x509 -req -in "$T/good/right.csr" -CA "$T/aged.crt" -CAkey "$T/aged/key.pem" -days 9 -out "$T/of-aged.crt" \
		-extfile <(echo extendedKeyUsage=clientAuth) 2> "$T/of-aged.log"
	(umask 077 && cat "$T/good/right.key" "$T/of-aged.crt" > "$T/of-aged.pem")
	level_server own 2 -A "$T/aged.crt"
	shows of-aged 1.3 "$port" "$T/own.log"
	grep -qF "reason=\"the peer's CA certificate (CN=aged) expired on 2021-06-07\"" <<< "$line"
}

# crl_of CA FIRST LAST: the list of that CA, of these days, in $T/dated.crl.
crl_of() {
	openssl ca -batch -config "$T/$1/ca.cnf" -gencrl -crl_lastupdate "${2}000000Z" -crl_nextupdate "${3}000000Z" \
		-out "$T/dated.crl" 2>> "$T/$1/log"
}

@test "bad: an expired list of --crl turns everybody of its CA away, says so, and is an error for --check" {
	local days said
	while read -r days said; do
		# shellcheck disable=SC2086
		crl_of good ${days/-/ }
		level_server own 2 --crl "$T/dated.crl"
		shows right 1.3 "$port" "$T/own.log"
		[ "$got" = alert:internal_error ]
		grep -qF "reason=\"the list of --crl by CN=good $said; make a new one: inetls-certgen crl --ca DIR\"" <<< "$line"
		stop own
		run "$WRAP" --check -p "$T/pgssl.pem" -r "127.0.0.1:$BACKEND" -v 2 -A "$T/good.crt" --crl "$T/dated.crl"
		[ "$status" -eq 78 ]
		grep -qF "error   --crl $T/dated.crl: the list by CN=good $said" <<< "$output"
	done <<-END
		20200101-20210203 expired on 2021-02-03
		20450607-20460101 is not valid before 2045-06-07
	END
	# One of the same CA that is in date is enough, and another CA's is nothing to it.
	crl_of good 20200101 20210203
	cat "$T/good.crl" >> "$T/dated.crl"
	level_server own 2 --crl "$T/dated.crl"
	is_served
	stop own
	openssl ca -batch -config "$T/evil/ca.cnf" -gencrl -crl_lastupdate 20200101000000Z -crl_nextupdate 20210203000000Z \
		-out "$T/dated.crl" 2>> "$T/evil/log"
	cat "$T/good.crl" >> "$T/dated.crl"
	level_server own 2 --crl "$T/dated.crl"
	is_served
}

@test "--check says how many days a list of --crl has left, and warns of the last week" {
	local end
	end=$(date -u -d '+5 days' +%Y%m%d)
	crl_of good 20200101 "$end"
	run "$WRAP" --check -p "$T/pgssl.pem" -r "127.0.0.1:$BACKEND" -v 2 -A "$T/good.crt" --crl "$T/dated.crl"
	[ "$status" -eq 0 ]
	grep -qE "^warning +--crl $T/dated.crl: the list by CN=good has [45] days left" <<< "$output"
	run "$WRAP" --check -p "$T/pgssl.pem" -r "127.0.0.1:$BACKEND" -v 2 -A "$T/good.crt" --crl "$T/good.crl"
	grep -qE "^ok +--crl $T/good.crl: (29|30) days left" <<< "$output"
}

@test "bad: our client turns away a server whose CA's list has expired" {
	issue good server localhost subjectAltName=DNS:localhost extendedKeyUsage=serverAuth
	crl_of good 20200101 20210203
	s_server server "$T/server.pem"
	once "$WRAP" -c -r "localhost:$port" -A "$T/good.crt" --crl "$T/dated.crl" -o "$(new_log ours)"
	[ "$status" -eq 69 ]
	[ -z "$output" ]
	grep -q 'the list of --crl by CN=good expired on 2021-02-03' "$T/ours.log"
	once "$WRAP" -c -r "localhost:$port" -A "$T/good.crt" --crl "$T/good.crl" -o "$(new_log ours)"
	[ "$output" = enil ]
}

is_served() {
	shows right 1.3 "$port" "$T/own.log"
	[ "$got" = served ]
}

@test "a listener whose CA file or list was renewed asks by the new one from the next connection, without a signal" {
	cp "$T/evil.crt" "$T/mine.crt"
	cp "$T/good.crl" "$T/mine.crl"
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" -v 2 -A "$T/mine.crt" \
		--crl "$T/mine.crl" -f
	shows right 1.3 "$port" "$T/own.log"
	[ "$got" = alert:unknown_ca ]
	cp "$T/good.crt" "$T/mine.crt"
	is_served
	crl_of good 20200101 20210203
	cp "$T/dated.crl" "$T/mine.crl"
	shows right 1.3 "$port" "$T/own.log"
	echo "$line"
	[ "$got" != served ]
	[[ $line == *"--crl by CN=good expired on"* ]]
}

@test "-v 2 with --pin alone needs no CA" {
	# shellcheck disable=SC2046
	tls_server pinned "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$BACKEND" -v 2 $(pins expired) -f
	shows right 1.3 "$port" "$T/pinned.log"
	[ "$got" = alert:bad_certificate ]
	shows expired 1.3 "$port" "$T/pinned.log"
	[ "$got" = served ]
}

@test "--peer-name: common name, DNS name or mail address, exact or one leading *., in any case" {
	named DBA.Clients.Example served
	named '*.clients.example' served
	named dba@example.org served
	named '*.example' alert:access_denied
	named '*.dba.clients.example' alert:access_denied
	named db alert:access_denied
	named '*' alert:access_denied
}

@test "--peer-name can be given several times" {
	level_server own 2 --peer-name nobody-has-this --peer-name stranger
	shows wrong-name 1.3 "$port" "$T/own.log"
	[ "$got" = served ]
	shows right 1.3 "$port" "$T/own.log"
	[ "$got" = alert:access_denied ]
}

@test "a common name with a NUL in it is no name that is allowed" {
	# openssl's command line cannot write one: the request is patched, and signed again.
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$T/nul.key" -subj "/CN=dbaXevil" \
		-outform DER -out "$T/nul.der" 2> /dev/null
	/usr/bin/python3 - "$T/nul.der" "$T/nul.key" <<-'END'
	import subprocess, sys
	path, key = sys.argv[1:]
	request = open(path, "rb").read()
	def whole(at):
	    length, head = request[at + 1], 2
	    if length & 0x80:
	        head = 2 + (length & 0x7F)
	        length = int.from_bytes(request[at + 2 : at + head], "big")
	    return at + head, at + head + length
	inside, _ = whole(0)
	_, info_end = whole(inside)
	_, algorithm_end = whole(info_end)
	info = request[inside:info_end].replace(b"dbaXevil", b"dba\0evil")
	signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=info, stdout=subprocess.PIPE,
	                           check=True).stdout
	def der(tag, body):
	    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
	    return bytes([tag]) + size + body
	open(path, "wb").write(der(0x30, info + request[info_end:algorithm_end] + der(3, b"\0" + signature)))
	END
	openssl req -inform DER -in "$T/nul.der" -out "$T/nul.csr" 2> /dev/null
	openssl x509 -req -in "$T/nul.csr" -CA "$T/good.crt" -CAkey "$T/good/key.pem" -days 2 -out "$T/nul.crt" \
		2> "$T/nul.log"
	cat "$T/nul.key" "$T/nul.crt" > "$T/nul.pem"
	shows nul 1.3 "$(cat "$T/level.2")" "$T/level2.log"
	[ "$got" = alert:access_denied ]
}

@test "our own client shows -p, and without it hears why not" {
	port=$(cat "$T/level.2")
	run timeout 20 "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -p "$T/right.pem" -o "$(new_log ours)" < /dev/null
	[ "$status" -eq 0 ]
	[ "$output" = hello ]
	run timeout 20 "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log ours)" < /dev/null
	[ "$status" -eq 69 ]
	[ -z "$output" ]
	grep -qi "alert: certificate is required" "$T/ours.log"
	run timeout 20 "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -p "$T/expired.pem" -o "$(new_log ours)" < /dev/null
	[ "$status" -eq 69 ]
	grep -q 'reason="our certificate expired on 2021-02-03' "$T/ours.log"
}

@test "psql with sslcert and sslkey, in front of PostgreSQL: with -n pgsql -v 2" {
	need postgresql
	pg_start
	tls_server pg "$WRAP" -n pgsql -p "$T/pgssl.pem" -d 127.0.0.1:{port} -r "127.0.0.1:$PGPORT_REAL" -v 2 \
		-A "$T/good.crt" --peer-name dba -f
	install -m 600 "$T/right.pem" "$T/psql.pem"
	run timeout 30 psql -XAt "host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full \
		sslrootcert=$T/pgssl.crt sslcert=$T/right.crt sslkey=$T/psql.pem" -c 'select 6 * 7'
	[ "$output" = 42 ]
	wait_for 10 grep -q 'client="CN=dba"' "$T/pg.log"
	run timeout 30 psql -XAt "host=localhost hostaddr=127.0.0.1 port=$port sslmode=verify-full \
		sslrootcert=$T/pgssl.crt sslcert=$T/none sslkey=$T/none" -c 'select 6 * 7'
	[ "$status" -eq 2 ]
	grep -q 'certificate required' <<< "$output"
}

@test "bad: -v 2 and -v 3 pass no CancelRequest in clear, since nobody has shown a certificate" {
	local level port
	for level in 2 3; do
		port=$(free_port)
		start cancel "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -n pgsql -r 127.0.0.1:9 -v "$level" \
			-A "$T/good.crt" --pin "$(pin_of "$T/right.pem")" -o "$(new_log cancel)"
		wait_for 10 listening "$port"
		printf '\0\0\0\020\004\322\026\056\0\0\0\1secr' | timeout 5 socat -t 3 - "TCP:127.0.0.1:$port" > "$T/heard"
		[ ! -s "$T/heard" ]
		log_lines "$T/cancel.log" 2
		grep -q 'result=refused .*reason="a CancelRequest in clear' "$T/cancel.log"
		stop "$pid"
	done
}
