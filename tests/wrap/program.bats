# A program behind TLS (-l): its environment, what happens to its stderr and its exit status, and that it never takes
# cut input for complete.

# lib.bash, session.bash and client.bash set port, output, status and report.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/client

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	authority good
	issue good right dba extendedKeyUsage=clientAuth
}

# program [peer.py option ...] -- PROGRAM [ARG...]: one session with it; $OPTIONS go before -l.
program() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	local path=$1
	shift
	# shellcheck disable=SC2086
	command_session "${options[@]}" -- "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" ${OPTIONS:-} -l "$path" "$@"
}

# script NAME: from stdin, a program that everybody can run.
script() {
	{
		echo '#!/bin/sh'
		cat
	} > "$T/bin/$1"
	chmod 755 "$T/bin/$1"
}

# -- what goes wrong -------------------------------------------------------------------------------------

@test "a program that does not exist is a bad configuration, and says which" {
	program --peer handshake -- "$T/bin/missing"
	says exit=78 peer.wire=empty
	logged "$T/bin/missing" 'No such file'
}

# unstarted PATH WHY [COMMAND...]: the session, started by COMMAND, says that this program could not be started, and why;
# the peer gets no clean end.
unstarted() {
	command_session --peer 'handshake recv-tls hold' -- "${@:3}" "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -l "$1"
	says exit=69 peer.received=0 peer.tls=alert:internal_error
	logged result=backend "reason=\"exec $1: $2\"" end=backend
	not_logged 'ended with status'
}

@test "a program that the session's user may not start: the log says why, exit 69, and no clean end for the peer" {
	need_root
	script private <<< 'exec cat'
	chmod 700 "$T/bin/private"
	unstarted "$T/bin/private" 'Permission denied'
	run "$WRAP" -p "$T/pgssl.pem" -l "$T/bin/private" --check
	echo "$output"
	[ "$status" -eq 78 ]
	grep -q "^error  *-l $T/bin/private: the session's user may not start it: Permission denied" <<< "$output"
}

@test "a program whose interpreter is missing, or that is none: the log says why, exit 69, and no clean end" {
	printf '#!/missing/sh\n' > "$T/bin/orphan"
	printf 'no program\n' > "$T/bin/text"
	chmod 755 "$T/bin/orphan" "$T/bin/text"
	unstarted "$T/bin/orphan" 'No such file or directory'
	unstarted "$T/bin/text" 'Exec format error'
}

@test "no process is left for the program: the log says so, exit 71, and no clean end for the peer" {
	need_root
	need prlimit
	# Of a user who has none but the session's: the keyholder is another's.
	command_session --peer 'handshake recv-tls hold' -- prlimit --nproc=2 "$WRAP" -o "$T/session.log" \
		-p "$T/pgssl.pem" -s games -l /bin/cat
	says exit=71 peer.received=0 peer.tls=alert:internal_error
	logged result=backend 'reason="start /bin/cat: Resource temporarily unavailable"' end=backend
}

@test "a mail service's program that cannot be started: the client is told so" {
	printf '#!/missing/sh\n' > "$T/bin/orphan"
	chmod 755 "$T/bin/orphan"
	tls_server own "$WRAP" -n smtp -p "$T/pgssl.pem" -d 127.0.0.1:{port} -l "$T/bin/orphan" -f
	run timeout 20 sh -c '{ sleep 1; echo EHLO us; sleep 1; } | openssl s_client -starttls smtp -connect "127.0.0.1:$0" -quiet 2> /dev/null' "$port"
	echo "$output"
	[[ $output == *'421 '* ]]
}

@test "a handshake that fails starts no program" {
	script mark <<< "touch $T/mark.was-started"
	program --peer 'raw:GET\x20/\r\n recv-all' -- "$T/bin/mark"
	says exit=0
	sleep 0.3
	[ ! -e "$T/mark.was-started" ]
}

@test "stderr goes to the log, line by line, and never to the peer" {
	script complain <<-'END'
	echo "first complaint" >&2
	printf 'control \033[2J and no newline' >&2
	END
	program --peer 'handshake recv-tls bye hold' -- "$T/bin/complain"
	says exit=0 peer.received=0 peer.wire=records
	wait_for 5 grep -q 'no newline' "$T/session.log"
	grep -q 'complain: first complaint$' "$T/session.log"
	! grep -q $'\033' "$T/session.log"
}

@test "its exit status is in the log, and so is the signal that ended it" {
	script seven <<< 'exit 7'
	program --peer 'handshake recv-tls bye hold' -- "$T/bin/seven"
	wait_for 5 grep -qE 'seven\[[0-9]+\] ended with status 7' "$T/session.log"
	# shellcheck disable=SC2016
	script killed <<< 'kill -KILL $$'
	program --peer 'handshake recv-tls bye hold' -- "$T/bin/killed"
	wait_for 5 grep -qE 'killed\[[0-9]+\] was ended by signal 9' "$T/session.log"
}

# cut_off NAME: from stdin, a script that must be killed within $T/half, and not come to $T/believed, when its peer is cut off.
cut_off() {
	script "$1"
	: > "$T/half"
	chmod 666 "$T/half"
	chmod 1777 "$T"
	program --peer 'handshake send:5000 sleep:0.5 close' -- "$T/bin/$1"
	logged_somewhere result=cut truncated=yes
	wait_for 5 grep -qE "$1\\[[0-9]+\\] (was )?ended" "$T/session.log"
	sleep 0.3
	chmod 711 "$T"
	logged_somewhere 'was ended by signal 9'
	[ ! -e "$T/believed" ]
}

@test "a peer that is cut off: the program is killed before it can take that for the end" {
	cut_off copy <<< "cat > $T/half; touch $T/believed"
}

@test "a peer that is cut off: what the program has started is killed with it" {
	cut_off pipeline <<< "cat | { cat > $T/half; touch $T/believed; }"
}

# A service's script often sends its stderr to a file of its own first.
@test "a peer that is cut off: a program that has closed its stderr is killed too" {
	cut_off quiet <<< "exec 2> /dev/null; cat > $T/half; touch $T/believed"
}

@test "its starter kills it when it could no longer hear that the peer is cut off" {
	need_strace
	local starter
	mkdir -m 777 "$T/told"
	script waits <<-END
		echo \$PPID > $T/told/new
		mv $T/told/new $T/told/starter
		until [ -e $T/told/go ]; do sleep 0.1; done
		echo woken >&2
		exec cat
	END
	port=$(free_port)
	start listener "$WRAP" -f --no-sandbox -d "127.0.0.1:$port" -p "$T/pgssl.pem" -l "$T/bin/waits"
	wait_for 10 listening "$port"
	start peer sh -c 'sleep 30 | openssl s_client -quiet -connect "127.0.0.1:$0"' "$port"
	wait_for 10 test -e "$T/told/starter"
	starter=$(cat "$T/told/starter")
	start tracer strace -qq -o "$T/strace.log" -e trace=ppoll -e inject=ppoll:error=ENOMEM -p "$starter"
	wait_for 10 eval '! grep -q "^TracerPid:[[:space:]]*0" "/proc/$starter/status"'
	touch "$T/told/go"
	wait_for 10 eval '! kill -0 "$starter" 2> /dev/null'
	wait_for 10 grep -qF 'was ended by signal 9' "$T/listener.log"
	stop peer
	stop listener
}

logged_somewhere() {
	local word
	for word; do
		grep -qF -e "$word" "$T/session.log" || { cat "$T/session.log"; return 1; }
	done
}

@test "what a super-server's environment says of a client or its certificate is not told" {
	tls_server own env SSL_CLIENT_S_DN=CN=forged SSL_CLIENT_DN=CN=forged SSL_CLIENT_CERT_SHA256=forged \
		SSL_TLS_SNI=forged SSL_CLIENT_VERIFY=SUCCESS TCPREMOTEHOST=forged TCPREMOTEINFO=forged TCPLOCALHOST=forged \
		REMOTE_ADDR=forged "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -l /usr/bin/env -f
	run timeout 20 sh -c 'sleep 1 | openssl s_client -connect "127.0.0.1:$0" -noservername -quiet 2> /dev/null' "$port"
	grep -qx 'SSL_CLIENT_VERIFY=NONE' <<< "$output"
	grep -qx 'REMOTE_ADDR=127.0.0.1' <<< "$output"
	! grep -q forged <<< "$output"
}

@test "no signal is ignored that its listener's sessions ignore" {
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -l /usr/bin/grep -f -- grep SigIgn /proc/self/status
	run timeout 20 sh -c 'sleep 1 | openssl s_client -connect "127.0.0.1:$0" -quiet 2> /dev/null' "$port"
	echo "$output"
	# But for SIGINT and SIGQUIT (2 and 4), which a test may have ignored from the background job that started it.
	# The upper part is the C library's, which some programs hand on ignored.
	grep -qE "SigIgn:[[:space:]][0-9a-f]{9}0{6}[0246]$" <<< "$output"
}

# sockets_of PID: how many it has open.
sockets_of() {
	find "/proc/$1/fd" -lname 'socket:*' | wc -l
}

@test "its starter has no way to the keyholder, which would wait for it for as long as the program runs" {
	# shellcheck disable=SC2016
	script parent <<< "echo \$PPID > $T/starter; exec cat"
	: > "$T/starter"
	chmod 666 "$T/starter"
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -l "$T/bin/parent" -f
	start client openssl s_client -connect "127.0.0.1:$port" -quiet
	wait_for 10 test -s "$T/starter"
	# The one to the session.
	[ "$(sockets_of "$(cat "$T/starter")")" -eq 1 ]
}

# The page's list of what a session has open.
@test "a session has the peer's socket, the program's, the starter's and the log, and nothing else" {
	local session open
	need_root
	need openbsd-inetd
	# shellcheck disable=SC2016
	script parent <<< "echo \$PPID > $T/starter; exec cat"
	: > "$T/starter"
	chmod 666 "$T/starter"
	superserver openbsd-inetd -- "$WRAP" -p "$T/pgssl.pem" -l "$T/bin/parent" -o "$(new_log wrap)"
	start client openssl s_client -connect "127.0.0.1:$port" -quiet
	wait_for 10 test -s "$T/starter"
	session=$(processes | awk -v starter="$(cat "$T/starter")" '$1 == starter { print $3 }')
	wait_for 10 keyholder_is_gone
	open=$(find "/proc/$session/fd" -type l -printf '%f %l\n' | sort -n)
	echo "$open"
	[ "$(grep -c ' socket:' <<< "$open")" -eq 4 ] # the peer's twice
	[ "$(awk '/ socket:/ { print $2 }' <<< "$open" | sort -u | wc -l)" -eq 3 ]
	[ "$(grep -cvE ' socket:| /dev/null$|/wrap.log$' <<< "$open")" -eq 0 ]
}

# keyholder_is_gone: the session has no child but the starter.
keyholder_is_gone() {
	[ "$(children "$session")" = "$(cat "$T/starter")" ]
}

@test "where the kernel has no close_range, what was inherited is closed all the same" {
	need_strace
	script opened <<< "ls -l /proc/self/fd > $T/opened"
	: > "$T/opened"
	chmod 666 "$T/opened"
	command_session --peer 'handshake recv-tls bye hold' -- sh -c 'exec 9< /etc/passwd; exec "$@"' sh strace -f -qq \
		-o /dev/null -e trace=close_range -e inject=close_range:error=ENOSYS \
		"$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -l "$T/bin/opened"
	says exit=0
	wait_for 5 grep -q ' 2 -> ' "$T/opened"
	cat "$T/opened"
	! grep -qE 'passwd|log' "$T/opened"
}

# -- what it is given ------------------------------------------------------------------------------------

# answer OPTION... [-- ARG...]: what a program prints to an s_client that shows the right certificate.
answer() {
	tls_server own "$WRAP" -p "$T/pgssl.pem" -d 127.0.0.1:{port} -f "$@"
	run timeout 20 sh -c 'sleep 1 | openssl s_client -connect "localhost:$0" -servername pg.example -cert "$1" \
		-key "$1" -quiet 2> /dev/null' "$port" "$T/right.pem"
	stop own
}

@test "argv: as written behind --, and the base name alone without" {
	# shellcheck disable=SC2016
	script arguments <<< 'for word in "$0" "$@"; do echo "<$word>"; done'
	answer -l "$T/bin/arguments" -- zero one 'two words' -v ''
	grep -qx '<one>' <<< "$output"
	grep -qx '<two words>' <<< "$output"
	grep -qx '<-v>' <<< "$output"
	grep -qx '<>' <<< "$output"
	printf '%s\n' 'import sys; print(open("/proc/self/cmdline").read().split("\0")[0])' > "$T/zero.py"
	answer -l /usr/bin/python3 -- imapd "$T/zero.py"
	[ "$output" = imapd ]
	answer -l /usr/bin/env
	! grep -qx imapd <<< "$output"
}

@test "environment: who the peer is, what TLS agreed on, and the verified certificate" {
	answer -v 2 -A "$T/good.crt" -l /usr/bin/env
	local name
	for name in PROTO=TCP TCPREMOTEIP=127.0.0.1 TCPLOCALIP=127.0.0.1 "TCPLOCALPORT=$port" REMOTE_HOST=127.0.0.1 \
		SSL_PROTOCOL=TLSv1.3 SSL_CIPHER=AES-128-GCM SSL_TLS_SNI=pg.example SSL_CLIENT_VERIFY=SUCCESS \
		SSL_CLIENT_S_DN=CN=dba SSL_CLIENT_I_DN=CN=good SSL_CLIENT_DN=CN=dba; do
		grep -qx "$name" <<< "$output" || { echo "no $name in: $output"; return 1; }
	done
	grep -qE '^TCPREMOTEPORT=[0-9]+$' <<< "$output"
	grep -qE '^SSL_CLIENT_CERT_SHA256=[0-9a-f]{64}$' <<< "$output"
}

@test "-v 0: a certificate that nobody has verified is not SUCCESS" {
	answer -v 0 -l /usr/bin/env
	grep -qx 'SSL_CLIENT_VERIFY=GENEROUS' <<< "$output"
}

@test "without -v: SSL_CLIENT_VERIFY=NONE" {
	answer -l /usr/bin/env
	grep -qx 'SSL_CLIENT_VERIFY=NONE' <<< "$output"
}

@test "it is not root, where the wrapper was started as root" {
	need_root
	answer -l /usr/bin/id -- id -u
	[ "$output" != 0 ]
	[ -n "$output" ]
	answer -s nobody -l /usr/bin/id -- id -un
	[ "$output" = nobody ]
}

# -- half-close ------------------------------------------------------------------------------------------

@test "half-close: the peer ends first and hears the program out" {
	script later <<-'END'
	count=$(wc -c)
	sleep 0.3
	echo "$count bytes"
	END
	program --peer 'handshake send:200000 bye recv-all' -- "$T/bin/later"
	says exit=0 peer.tls=close_notify
	# "200000 bytes" and a newline: not what peer.py's service would have sent.
	logged_somewhere result=ok in=200000 out=13
}

@test "half-close: the program ends its output first and still hears the peer" {
	script deaf <<-END
	exec >&-
	cat | wc -c > $T/heard.count
	END
	: > "$T/heard.count"
	chmod 666 "$T/heard.count"
	program --peer 'handshake recv-tls send:100000 bye hold' -- /usr/bin/python3 -- python3 -c "
import socket, sys
whole = socket.socket(fileno=0)
whole.shutdown(socket.SHUT_WR)
n = 0
while True:
    data = whole.recv(65536)
    if not data:
        break
    n += len(data)
open('$T/heard.count', 'w').write(str(n))
"
	says exit=0 peer.tls=close_notify
	wait_for 5 test -s "$T/heard.count"
	[ "$(cat "$T/heard.count")" = 100000 ]
}

@test "30 MB through cat and back" {
	program --limit 60 --peer 'handshake flood:30000000 bye recv-all' -- /bin/cat
	says exit=0 peer.tls=close_notify peer.received=30000000
	logged_somewhere result=ok in=30000000 out=30000000
}

@test "openbsd-inetd starts the wrapper, and that the program" {
	need openbsd-inetd
	superserver openbsd-inetd -- "$WRAP" -p "$T/pgssl.pem" -o "$(new_log wrap)" -l /bin/cat
	once "$WRAP" -c -r "localhost:$port" -A "$T/pgssl.crt" -o "$(new_log client)"
	[ "$status" -eq 0 ]
	[ "$output" = line ]
	wait_for 5 grep -q 'ended with status 0' "$T/wrap.log"
}
