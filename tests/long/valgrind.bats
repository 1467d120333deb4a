# Whole sessions and certgen's subcommands under valgrind's memcheck: no byte is read before it was written, or outside of
# what was allocated.  The program is linked shared, because valgrind cannot watch a static malloc; it is not confined,
# because the filter would kill valgrind's own calls; and it is not run as root, because valgrind cannot change its user.

# bats and lib.bash set output, status, lines, port and pid.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	have valgrind || return 0
	(
		unset MAKEFLAGS MFLAGS MAKELEVEL
		# Hardly a tick: where a signal comes right before ppoll, valgrind 3.19 calls it with a mask of its own, which it
		# then reports and refuses.
		make -s -C "$ROOT" BUILD="$BUILD-valgrind" LINK=shared SANITIZE='' CPPFLAGS=-DDEADLINE_TICK_MS=60000 all
	) > "$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	install -m 755 "$BUILD-valgrind/inetls-wrap" "$BUILD-valgrind/inetls-certgen" "$T/bin"
	install -m 755 "$ROOT/tests/lib/peer.py" "$ROOT/tests/lib/client.py" "$ROOT/tests/lib/resume.py" "$T/bin"
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/other.pem" localhost
	mkdir -m 777 "$T/own" "$T/logs"
	new_log session > /dev/null
	[ "$(id -u)" -ne 0 ] || chown nobody "$T"/*.pem "$T/own" "$T/session.log"
	# What is started as a program runs under valgrind; each process has a log of its own.
	cat > "$T/bin/memcheck" <<-END
	#!/bin/sh
	exec valgrind -q --error-exitcode=99 --leak-check=no --log-file="$T/logs/%p" "\$@"
	END
	chmod 755 "$T/bin/memcheck"
}

setup() {
	lib_before
	need valgrind
	rm -f "$T"/logs/*
	: > "$T/session.log"
	cd "$T/own" || return
}

# clean PROCESSES: so many were watched, or more, and valgrind has nothing to say of any.
clean() {
	local logs=("$T"/logs/*)
	if [ -n "$(cat "${logs[@]}")" ]; then
		cat "${logs[@]}"
		return 1
	fi
	[ "${#logs[@]}" -ge "$1" ] || {
		echo "${#logs[@]} processes were watched, and not $1"
		return 1
	}
}

# serve [peer.py option ...] -- [wrapper option ...]: session's, under valgrind; all takes fifty times as long.
serve() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	report=$(as_nobody timeout -k 5 120 "$T/bin/peer.py" --limit 100 "${options[@]}" -- "$T/bin/memcheck" "$WRAP" \
		--no-sandbox --handshake-timeout 60s --connect-timeout 60s -o "$T/session.log" -p "$T/pgssl.pem" \
		-r '127.0.0.1:{backend}' "${@:2}")
	echo "$report"
}

# connect [client.py option ...] -- [wrapper option ...]: the same for a client.
connect() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	report=$(as_nobody timeout -k 5 120 "$T/bin/client.py" --pem "$T/pgssl.pem" --limit 100 "${options[@]}" -- \
		"$T/bin/memcheck" "$WRAP" -c --no-sandbox --handshake-timeout 60s -o "$T/session.log" \
		-r 'localhost:{server}' "${@:2}")
	echo "$report"
}

ends() {
	grep -qF "$1" "$T/session.log" || { cat "$T/session.log"; return 1; }
}

certgen() {
	"$T/bin/memcheck" "$CERTGEN" "$@" < /dev/null
}

@test "bad: valgrind's findings are seen" {
	cat > "$T/own/bad.c" <<-'END'
	#include <stdlib.h>
	#include <unistd.h>
	int main(void) { char *p = malloc(4); _exit(p[fork() == 0] == 'x'); }
	END
	cc -g -O0 -w -o bad bad.c
	run "$T/bin/memcheck" ./bad
	run clean 2
	[ "$status" -ne 0 ]
	[[ $output == *"uninitialised"* ]]
}

@test "bad: peers that break off, speak no TLS or an old one" {
	local peer
	for peer in 'raw:GET\x20/\r\n recv-all' 'partial:300 fin recv-all' close; do
		serve --peer "$peer" --backend echo --
		says exit=0 peer.handshake=no backend.connections=0
	done
	serve --peer 'handshake send:10 recv:10 junk recv-all' --backend echo --
	says exit=0 peer.received=10 backend.received=10
	serve --tls 1.1 --peer 'handshake recv-all' --
	says exit=0 peer.handshake=no backend.connections=0
	clean 10
}

@test "bad: no PEM, half a PEM, a key of another certificate" {
	serve --peer 'handshake recv-all' -- -p "$T/own/none.pem"
	says exit=66 peer.handshake=no
	head -n 4 "$T/pgssl.pem" > half.pem
	cat <(sed -n '/BEGIN PRIVATE/,/END PRIVATE/p' "$T/other.pem") "$T/pgssl.crt" > mixed.pem
	chmod 600 half.pem mixed.pem
	[ "$(id -u)" -ne 0 ] || chown nobody half.pem mixed.pem
	serve --peer 'handshake recv-all' -- -p "$T/own/half.pem"
	says peer.handshake=no
	serve --peer 'handshake recv-all' -- -p "$T/own/mixed.pem"
	says peer.handshake=no
	clean 5
}

@test "a one-shot, its keyholder, and without one, in both versions of TLS" {
	local tls
	for tls in 1.2 1.3; do
		serve --tls "$tls" --peer 'handshake send:100000 recv:100000 bye recv-all' --backend echo --
		says exit=0 peer.received=100000 peer.tls=close_notify
		serve --tls "$tls" --peer 'handshake send:1000 recv:1000 bye recv-all' --backend echo -- --no-keyholder
		says exit=0 peer.received=1000 peer.tls=close_notify
	done
	clean 6
}

@test "a session that is resumed, at the server and at the client" {
	report=$(as_nobody timeout 200 "$T/bin/resume.py" --limit 200 --then 2 -- "$T/bin/memcheck" "$WRAP" --no-sandbox \
		--handshake-timeout 60s -o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' \
		--tickets "$T/own/tickets")
	echo "$report"
	[[ $report == *"resumed=2 failed=0 codes=-"* ]]
	clean 4
	local turn
	for turn in first second; do
		connect --local 'send:10 fin recv-all' --server 'handshake recv-tls send:10 bye hold' -- \
			-A "$T/pgssl.crt" --session "$T/own/session"
		says exit=0 server.received=10
	done
	clean 6
}

@test "a client: the server's key stored, known and changed; a CA; its own certificate" {
	local hosts=$T/own/hosts talk=(--local 'send:10 fin recv-all' --server 'handshake recv-tls send:10 bye hold')
	connect "${talk[@]}" --port "$(free_port)" -- --known-hosts "$hosts"
	says exit=0 server.received=10 local.received=10
	[ -s "$hosts" ]
	sed 's/:[0-9]* /:1 /' "$hosts" > hosts.more && cat hosts.more >> "$hosts"
	connect "${talk[@]}" -- --pin "$(pin_of "$T/other.pem")"
	says exit=69 server.received=0
	connect "${talk[@]}" -- -A "$T/pgssl.crt" -p "$T/other.pem"
	says exit=0 server.received=10
	clean 4
}

# by_tcpserver [wrapper option ...]: for a peer that is a program of its own; sets $port.
by_tcpserver() {
	superserver tcpserver -u "$(id -un nobody)" -- "$T/bin/memcheck" "$WRAP" --no-sandbox -n pgsql -p "$T/pgssl.pem" \
		--handshake-timeout 60s --connect-timeout 60s -o "$T/session.log" "$@"
}

@test "-n pgsql: psql that logs in, without TLS, and while PostgreSQL is down; a cancel; a port scan" {
	need postgresql
	need psql
	pg_start
	by_tcpserver -r "127.0.0.1:$PGPORT_REAL"
	[ "$(psql_tls "$port" -Atc "select 'through'")" = through ]
	run timeout 60 psql "host=127.0.0.1 port=$port sslmode=disable" -c 'select 1'
	[[ $output == *"TLS is required on this port"* ]]
	pg_stop
	run psql_tls "$port" -c 'select 1'
	[[ $output == *"the database behind this TLS port is not available"* ]]
	stop tcpserver
	serve --peer 'raw:\x00\x00\x00\x10\x04\xd2\x16\x2e12345678 fin recv-all' -- -n pgsql
	says exit=0 backend.connections=1
	ends 'result=cancel'
	serve --peer 'raw:GET\x20/\x20HTTP/1.0\r\n recv-all' -- -n pgsql
	says exit=0 backend.connections=0
	clean 9
}

@test "a program, a Unix socket, and the PROXY protocol" {
	superserver tcpserver -u "$(id -un nobody)" -- "$T/bin/memcheck" "$WRAP" --no-sandbox --handshake-timeout 60s \
		-o "$T/session.log" -p "$T/pgssl.pem" -l /bin/echo -- echo from the program
	[ "$(timeout 60 openssl s_client -quiet -connect "127.0.0.1:$port" 2> /dev/null < /dev/null)" = "from the program" ]
	stop tcpserver
	serve --peer 'handshake send:1000 bye recv-all' -- --proxy-out v2
	says exit=0 backend.received=broken	# it begins with the header
	serve --service "unix:$T/own/socket" --backend echo --peer 'handshake send:1000 recv:1000 bye recv-all' --
	clean 4
}

@test "certgen: each subcommand" {
	certgen self.pem db.example.org 192.0.2.7 '*.example.org'
	certgen --key rsa:2048 rsa.pem db.example.org
	certgen ca ca example.org
	certgen server --ca ca server.pem db.example.org
	certgen client --ca ca --libpq lp alice
	certgen csr request.pem db.example.org
	timeout 60 "$ROOT/tests/lib/on-terminal" y -- "$T/bin/memcheck" "$CERTGEN" sign --ca ca request.csr
	[ -s request.crt ]
	certgen renew --ca ca server.pem
	certgen renew --new-key self.pem
	certgen revoke --ca ca server.pem
	certgen crl --ca ca
	certgen check server.pem ca/ca.crt ca/crl.pem || [ $? -le 3 ]
	certgen show server.pem
	certgen show --pin server.pem
	certgen --help
	certgen --version
	clean 16
}
