# The table in inetls-wrap.8 says which options replace a stunnel.conf: with them the service behaves as under real
# stunnel. Each pair below is the lines of the configuration file, and the options.

# lib.bash, client.bash and session.bash set port, output and report; what is in single quotes is for another shell.
# shellcheck disable=SC2016,SC2154

bats_require_minimum_version 1.5.0
load ../lib/lib
load ../lib/client
load ../lib/session

setup() {
	lib_before
	need stunnel4
	need openbsd-inetd
	need socat
}

setup_file() {
	lib_begin
	have stunnel4 && have openbsd-inetd && have socat || return 0
	make_pem "$T/pgssl.pem" localhost
	authority good
	authority evil
	issue good server localhost subjectAltName=DNS:localhost
	issue good right dba subjectAltName=DNS:dba.example,email:dba@example.org extendedKeyUsage=clientAuth
	issue good other stranger subjectAltName=DNS:stranger.example extendedKeyUsage=clientAuth
	issue good revoked dba subjectAltName=DNS:dba.example,email:dba@example.org extendedKeyUsage=clientAuth
	issue evil wrong-ca dba extendedKeyUsage=clientAuth
	revoke good revoked
	tls_server greeter socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" "SYSTEM:echo hello; sleep 0.2"
	echo "$port" > "$T/greeter"
}

# stunnel LINE...: one service of stunnel, started by inetd; inetls OPTION...: the same of ours.  Both set $port.
stunnel() {
	printf '%s\n' "$@" > "$T/stunnel.conf"
	superserver openbsd-inetd -- "$(command -v stunnel4)" "$T/stunnel.conf"
}

inetls() {
	superserver openbsd-inetd -- "$WRAP" -o "$(new_log wrap)" "$@"
}

# welcome: prints whom the server on $port lets in.
welcome() {
	local who
	for who in - right other revoked wrong-ca; do
		[ "$("$ROOT/tests/lib/mutual.py" "$port" 1.3 "$([ "$who" = - ] && echo - || echo "$T/$who.pem")")" != served ] ||
			printf '%s ' "$who"
	done
}

# same_welcome WHOM LINES -- OPTIONS: both let the same in.
same_welcome() {
	local whom=$1 lines=()
	shift
	while [ "$1" != -- ]; do
		lines+=("$1")
		shift
	done
	shift
	stunnel "cert = $T/server.pem" "connect = 127.0.0.1:$(cat "$T/greeter")" "${lines[@]}"
	[ "$(welcome)" = "$whom" ] || { echo "stunnel with ${lines[*]}: $(welcome)"; return 1; }
	inetls -p "$T/server.pem" -r "127.0.0.1:$(cat "$T/greeter")" "$@"
	[ "$(welcome)" = "$whom" ] || { echo "inetls-wrap with $*: $(welcome)"; return 1; }
}

@test "cert and key: the manual's one line makes a PEM of the two, and psql is served as by protocol = pgsql" {
	local line
	need postgresql
	pg_start
	cd "$T"
	cp good/server.key server.key
	cp server.crt server.crt.pem
	cp good.crt chain.crt
	line=$(/usr/bin/python3 -B "$ROOT/tests/lib/pasted.py" list | cut -f 3 | grep -F 'cat server.key')
	stunnel 'protocol = pgsql' "cert = $T/server.crt" "key = $T/server.key" "connect = 127.0.0.1:$PGPORT_REAL"
	cp good.crt pgssl.crt
	[ "$(psql_tls "$port" -Atc "select 'by ' || 1")" = 'by 1' ]

	rm pgssl.pem
	(umask 022 && sh -c "$line")
	[ "$(stat -c %a pgssl.pem)" = 600 ]
	inetls -n pgsql -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL"
	[ "$(psql_tls "$port" -Atc "select 'by ' || 2")" = 'by 2' ]
	"$WRAP" --check -p "$T/pgssl.pem" -r "127.0.0.1:$PGPORT_REAL"
}

@test "verify, CAfile, CApath, CRLfile, verifyChain, requireCert, verifyPeer, checkHost and checkEmail let the same in" {
	local ca=$T/good.crt
	same_welcome '- right other revoked wrong-ca ' 'verify = 0' -- -v 0
	same_welcome '- right other revoked ' 'verify = 1' "CAfile = $ca" -- -v 1 -A "$ca"
	same_welcome 'right other revoked ' 'verify = 2' "CAfile = $ca" -- -v 2 -A "$ca"
	same_welcome 'right other ' 'verify = 2' "CAfile = $ca" "CRLfile = $T/good.crl" -- -v 2 -A "$ca" --crl "$T/good.crl"
	same_welcome 'right other revoked ' 'verifyChain = yes' "CAfile = $ca" -- -v 2 -A "$ca"
	mkdir "$T/crls"
	cp "$T/good.crl" "$T/crls/$(openssl crl -in "$T/good.crl" -noout -hash).r0"
	revoke evil wrong-ca
	cat "$T/evil.crl" "$T/good.crl" > "$T/both.crl"
	same_welcome 'right other ' 'verify = 2' "CAfile = $ca" "CRLpath = $T/crls" -- -v 2 -A "$ca" --crl "$T/both.crl"
	same_welcome 'right revoked ' 'verifyChain = yes' "CAfile = $ca" 'checkHost = dba.example' -- \
		-v 2 -A "$ca" --peer-name dba.example
	same_welcome 'right revoked ' 'verifyChain = yes' "CAfile = $ca" 'checkEmail = dba@example.org' -- \
		-v 2 -A "$ca" --peer-name dba@example.org
	mkdir "$T/hashed"
	cp "$ca" "$T/hashed/$(openssl x509 -in "$ca" -noout -hash).0"
	same_welcome 'right other revoked ' 'verify = 2' "CApath = $T/hashed" -- -v 2 -a "$T/hashed"
	cat "$ca" "$T/right.crt" > "$T/locals.crt"
	same_welcome 'right ' 'verify = 3' "CAfile = $T/locals.crt" -- -v 3 -A "$T/right.crt"
	same_welcome 'right ' 'verify = 4' "CAfile = $T/right.crt" -- -v 3 -A "$T/right.crt"
	same_welcome 'right ' 'verifyPeer = yes' "CAfile = $T/right.crt" -- -v 3 -A "$T/right.crt"
	same_welcome 'right ' 'verifyPeer = yes' "CAfile = $T/right.crt" -- -v 3 --pin "$(pin_of "$T/right.pem")"
}

# answered PROGRAM [ARG...]: what comes back to "line" through a client on pipes.
answered() {
	once "$@"
	[ "$output" = enil ]
}

@test "client = yes: checkHost, verifyPeer and sni know the same servers" {
	s_server known "$T/server.pem"
	local at=127.0.0.1:$port file="$T/client.conf"
	mkdir -p "$T/home"
	export HOME=$T/home
	# pair LINES -- OPTIONS: both speak, or neither does.
	pair() {
		local lines=('client = yes' 'foreground = no' "connect = $at") theirs=0 ours=0
		while [ "$1" != -- ]; do
			lines+=("$1")
			shift
		done
		shift
		printf '%s\n' "${lines[@]}" > "$file"
		answered stunnel4 "$file" || theirs=1
		answered "$WRAP" -c -r "$at" -o "$(new_log wrap)" "$@" || ours=1
		[ "$theirs" -eq "$ours" ] || { echo "${lines[*]}: $theirs, $*: $ours"; return 2; }
		return "$ours"
	}
	pair 'verifyChain = yes' "CAfile = $T/good.crt" 'checkHost = localhost' -- -A "$T/good.crt" --sni localhost
	run pair 'verifyChain = yes' "CAfile = $T/good.crt" 'checkHost = db.example.org' -- -A "$T/good.crt" --sni db.example.org
	[ "$status" -eq 1 ]
	run pair 'verifyChain = yes' "CAfile = $T/evil.crt" 'checkHost = localhost' -- -A "$T/evil.crt" --sni localhost
	[ "$status" -eq 1 ]
	pair 'verifyPeer = yes' "CAfile = $T/server.crt" -- --pin "$(pin_of "$T/server.pem")"
	run pair 'verifyPeer = yes' "CAfile = $T/right.crt" -- --pin "$(pin_of "$T/right.pem")"
	[ "$status" -eq 1 ]
	pair 'sni = localhost' -- -v 0 --sni localhost
}

@test "exec and execArgs; protocol = proxy and --proxy-out v1; local and -I: the service gets the same" {
	local client="openssl s_client -quiet -verify_quiet -CAfile $T/good.crt -servername localhost"
	ask() {
		timeout 10 sh -c "(sleep 0.5; echo line; sleep 0.5) | $client -connect 127.0.0.1:$port" 2> /dev/null |
			tr -d '\r' | sed "s/ $port\$/ PORT/; s/ [0-9]* PORT/ FROM PORT/"
	}
	stunnel "cert = $T/server.pem" 'exec = /usr/bin/env' 'execArgs = env echo one two'
	[ "$(ask)" = 'one two' ]
	inetls -p "$T/server.pem" -l /usr/bin/env -- env echo one two
	[ "$(ask)" = 'one two' ]

	tls_server headers socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" 'SYSTEM:head -n 1'
	local headers=$port theirs
	stunnel "cert = $T/server.pem" "connect = 127.0.0.1:$headers" 'protocol = proxy'
	theirs=$(ask)
	[ "$theirs" = 'PROXY TCP4 127.0.0.1 127.0.0.1 FROM PORT' ]
	inetls -p "$T/server.pem" -r "127.0.0.1:$headers" --proxy-out v1
	diff <(echo "$theirs") <(ask)

	tls_server seen socat "TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr" 'SYSTEM:echo $SOCAT_PEERADDR; sleep 0.2'
	local seen=$port
	stunnel "cert = $T/server.pem" "connect = 127.0.0.1:$seen" 'local = 127.0.0.77'
	[ "$(ask)" = 127.0.0.77 ]
	inetls -p "$T/server.pem" -r "127.0.0.1:$seen" -I 127.0.0.77
	[ "$(ask)" = 127.0.0.77 ]
}

@test "accept, pid, setuid, setgid, output and foreground: a daemon of either has the same user, file and log" {
	need_root
	local name at pid_file
	mkdir "$T/run"
	chown nobody "$T/run"
	at=$(free_port)
	printf '%s\n' "pid = $T/run/theirs.pid" 'setuid = nobody' 'setgid = nogroup' "output = $(new_log theirs)" 'foreground = yes' \
		'[greeter]' "accept = 127.0.0.1:$at" "cert = $T/server.pem" "connect = 127.0.0.1:$(cat "$T/greeter")" > "$T/daemon.conf"
	start theirs stunnel4 "$T/daemon.conf"
	wait_for 5 listening "$at"
	[ "$("$ROOT/tests/lib/mutual.py" "$at" 1.3 -)" = served ]
	wait_for 5 test -s "$T/run/theirs.pid"
	[ "$(tr -d '\n' < "$T/run/theirs.pid")" = "$pid" ]

	at=$(free_port)
	start ours "$WRAP" -f -N greeter -P "$T/run/ours.pid" -s nobody -g nogroup -o "$(new_log ours-log)" -d "127.0.0.1:$at" \
		-p "$T/server.pem" -r "127.0.0.1:$(cat "$T/greeter")"
	wait_for 5 listening "$at"
	[ "$("$ROOT/tests/lib/mutual.py" "$at" 1.3 -)" = served ]
	[ "$(tr -d '\n' < "$T/run/ours.pid")" = "$pid" ]
	wait_for 5 grep -q 'greeter\[[0-9]*\]: result=ok' "$T/ours-log.log"
	# The session is nobody: a child that waits for its connection shows it only when it has one, so --check is asked.
	run "$WRAP" --check -s nobody -g nogroup -p "$T/server.pem" -r "127.0.0.1:$(cat "$T/greeter")"
	[[ $output == *"a session becomes nobody (uid $(id -u nobody), gid $(id -g nobody))"* ]]
}

@test "from inetd, too, stunnel asks by OCSP for a client's certificate, as doc/comparison.md says" {
	stunnel "cert = $T/server.pem" "connect = 127.0.0.1:$(cat "$T/greeter")" "verifyChain = yes" "CAfile = $T/good.crt" \
		"OCSP = http://127.0.0.1:$(free_port)/" "debug = 6" "output = $(new_log ocsp)"
	[ "$("$ROOT/tests/lib/mutual.py" "$port" 1.3 "$T/right.pem")" != served ]
	wait_for 5 grep -q 'OCSP: Connecting the configured responder' "$T/ocsp.log"
	grep -q "^| asks by OCSP [^|]*| no | yes | yes |" "$ROOT/doc/comparison.md"
}

@test "the table has every option of stunnel's own manual, but for Windows'" {
	local manual table option missing=0 seen=0
	manual=$(man -P cat stunnel4 2> /dev/null | col -b) || skip 'stunnel4 has no manual page here'
	[ "$(grep -cE '^ {7}[a-zA-Z]+ = ' <<< "$manual")" -gt 50 ] || skip 'stunnel4 has no manual page here'
	table=$(mandoc -T ascii -O width=200 "$ROOT/man/inetls-wrap.8" | col -b | sed -n '/^COMING FROM STUNNEL/,/^ENVIRONMENT/p')
	for option in $(sed -nE 's/^ {7}([a-zA-Z]+) = .*/\1/p' <<< "$manual" | sort -u); do
		case $option in icon* | taskbar) continue ;; esac
		grep -qw "$option" <<< "$table" || { echo "not in the table: $option"; missing=1; }
		seen=$((seen + 1))
	done
	[ "$seen" -gt 50 ]
	[ "$missing" -eq 0 ]
}
