# A session that an attacker has taken over.  A special build has a hook: once the session is confined, it tries what
# an attacker would try.  The kernel refuses each attempt, nothing reaches the peer or the service, and the parent
# process goes on.

# bats and lib.bash set output, status and pid.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	unset MAKEFLAGS MFLAGS MAKELEVEL
	make -s -C "$ROOT" BUILD="$BUILD-hook" CPPFLAGS=-DINETLS_HOOK "$BUILD-hook/inetls-wrap" > "$T/make.log" 2>&1 || {
		cat "$T/make.log"
		return 1
	}
	install -m 755 "$BUILD-hook/inetls-wrap" "$T/bin/hooked"
}

setup() {
	lib_before
	need_no_sanitizer "its build has no system call filter"
}

# taken_over DEED [OPTION...]: a session that tries it; a peer that wants to talk, and a service that would.
taken_over() {
	deed=$1
	shift
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- \
		env INETLS_MISBEHAVE="$deed" "$T/bin/hooked" -o "$T/session.log" -p "$T/pgssl.pem" \
		-r '127.0.0.1:{backend}' "$@"
	not_logged "hook $deed: it succeeded"
}

# killed DEED: by the filter, SIGSYS; the peer has got nothing, and the service not even a connection.
killed() {
	taken_over "$@"
	says exit=-31 peer.handshake=no peer.wire=empty backend.connections=0
	within 5
	[ ! -s "$T/session.log" ]
}

# refused DEED REASON: the call has failed, and the session goes on as if nothing had been.
refused() {
	local reason=$2
	taken_over "$1" "${@:3}"
	says exit=0 peer.received=10 peer.tls=close_notify backend.received=10
	log_lines "$T/session.log" 2
	grep -F "hook $1: $reason" "$T/session.log"
}

@test "the hook is in a build that asks for it, and in no other" {
	grep -q INETLS_MISBEHAVE "$T/bin/hooked"
	run grep -c INETLS_MISBEHAVE "$WRAP"
	[ "$status" -eq 1 ]
}

@test "without confinement the hook does harm, so the tests below can fail" {
	[ "$(id -u)" -eq 0 ] || skip "root: as another user the parent would be within reach"
	local deed
	for deed in socket fork mmap fastopen; do
		command_session --peer 'handshake bye recv-all' -- env INETLS_MISBEHAVE="$deed" "$T/bin/hooked" \
			-o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' --no-sandbox
		grep -E "hook $deed: (it succeeded|Connection refused|Operation now in progress)" "$T/session.log"
	done
}

@test "open and create: there is no file" {
	refused open "Operation not permitted"
	refused create "Operation not permitted"
}

@test "execve, fork, mmap and mprotect of code: killed" {
	killed execve
	killed fork
	killed mmap
	killed mprotect
}

@test "-T: bind of another socket than the service's: killed" {
	need_root "-T needs CAP_NET_ADMIN"
	killed bind-peer -T
}

@test "socket: refused; connect with the peer's, bind, sendto with an address: killed" {
	refused socket "Operation not permitted"
	killed connect-peer
	killed bind
	killed bind-peer
	killed fastopen
}

@test "connect of the service's socket to another port: refused where the kernel has Landlock for ports" {
	local abi
	abi=$("$WRAP" --check -r 127.0.0.1:1 -p "$T/pgssl.pem" 2>&1 | sed -n 's/.*Landlock (ABI \([0-9]*\)).*/\1/p')
	[ "${abi:-0}" -ge 4 ] || skip "kernel: no Landlock that knows ports"
	taken_over connect
	says exit=0
	grep -F "hook connect: Permission denied" "$T/session.log"
}

@test "ptrace of the keyholder, kill of it and of the parent: killed" {
	killed ptrace
	killed kill
	killed kill-keyholder
}

@test "setresuid 0, chroot and TIOCSTI: killed; setrlimit: refused" {
	killed setuid
	killed chroot
	killed tiocsti
	refused setrlimit "Operation not permitted"
}

# stopped_by_users DEED REASON [COMMAND...]: without filter and limits the users and the empty root are a wall.
stopped_by_users() {
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- "${@:3}" \
		env INETLS_MISBEHAVE="$1" "$T/bin/hooked" -o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' \
		--no-sandbox
	says exit=0 peer.received=10
	grep -F "hook $1: $2" "$T/session.log"
}

@test "as root, a session without its filter is still another user in an empty root" {
	need_root
	stopped_by_users open "Permission denied"
	stopped_by_users create "Permission denied"
	stopped_by_users execve "Permission denied"
	stopped_by_users kill "Operation not permitted"
	stopped_by_users setuid "Operation not permitted"
	stopped_by_users chroot "Permission denied"
}

@test "as root, a session without a filter cannot trace or signal its keyholder, which is a third user" {
	need_root
	need_namespaces
	# In a new namespace of pids the session is the first process and its keyholder the second.
	stopped_by_users ptrace "Operation not permitted" unshare -pf --kill-child
	stopped_by_users kill-keyholder "Operation not permitted" unshare -pf --kill-child
}

# of_listener DEED: a session of a listener tries it; the listener lives.
of_listener() {
	local port
	port=$(free_port)
	rm -f "$T/session.log"
	start listener env INETLS_MISBEHAVE="$1" "$T/bin/hooked" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1 \
		-o "$T/session.log"
	wait_for 10 listening "$port"
	report=$("$ROOT/tests/lib/peer.py" --connect "$port" --peer 'handshake')
	alive "$pid"
	stop listener
	not_logged "hook $1: it succeeded"
}

@test "the session of a listener, which is confined before it accepts: the same" {
	local deed
	for deed in execve fork mmap mprotect connect-peer bind fastopen ptrace kill setuid chroot tiocsti; do
		of_listener "$deed"
		says peer.handshake=no peer.wire=empty
		not_logged "hook $deed"
	done
	for deed in open create socket setrlimit; do
		of_listener "$deed"
		grep -F "hook $deed: Operation not permitted" "$T/session.log"
	done
}

@test "a listener outlives its sessions, whatever they did" {
	local port
	port=$(free_port)
	start listener env INETLS_MISBEHAVE=execve "$T/bin/hooked" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" \
		-r 127.0.0.1:1 -o "$(new_log wrap)"
	wait_for 10 listening "$port"
	for _ in 1 2 3; do
		report=$("$ROOT/tests/lib/peer.py" --connect "$port" --peer 'handshake')
		says peer.handshake=no peer.wire=empty
	done
	# They were killed before they could log a line of their own.
	wait_for 10 killed_three
	alive "$pid"
	# What is left is the keyholder and the two that wait for the next connections; no zombie.
	wait_for 5 has_three_children "$pid"
	stop listener
}

killed_three() {
	[ "$(grep -c 'session\[[0-9]*\] was killed by signal 31 (Bad system call)$' "$T/wrap.log")" -eq 3 ]
}

has_three_children() {
	# shellcheck disable=SC2046
	[ "$(children "$1" | wc -l)" -eq 3 ] && ! grep -q '^State:.Z' $(children "$1" | sed 's|.*|/proc/&/status|')
}

# -- a library that computes without an end: the hook does as soon as the peer was heard ------------------

# ended LOG WORD...: its one line of a session has them, and it did not last a second longer than its second.
ended() {
	local line word
	wait_for 10 grep -q result= "$1"
	line=$(grep result= "$1")
	echo "$line"
	for word in result=handshake "${@:2}"; do
		[[ $line == *"$word"* ]]
	done
	[ "$(log_field total_ms "$line")" -lt "$(patience 2000)" ]
}

LATE='a library was still computing for the handshake after --handshake-timeout (1000 ms)'

@test "a one-shot that computes is ended when its time is over, and logs it" {
	local version
	for version in 1.2 1.3; do
		command_session --peer 'handshake hold' --tls "$version" -- env INETLS_MISBEHAVE=compute "$T/bin/hooked" \
			-o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' --handshake-timeout 1s
		says exit=0 backend.connections=0
		only_tls
		within 2.5 1
		logged result=handshake end=timeout
		ended "$T/session.log" "$LATE" end=timeout backend=-
	done
	# The line is like any other.
	grep -E '^[-0-9]+T[0-9:]+\+[0-9]+ .*\[[0-9]+\]: result=handshake peer=127\.0\.0\.1:[0-9]+ reason="[^"]*" backend=- .* handshake_ms=0 total_ms=[0-9]+ end=timeout$' \
		"$T/session.log"
}

@test "a one-shot that computes ends on SIGTERM within a second, without a timeout too" {
	local timeout
	for timeout in 60s off; do
		command_session --peer 'raw:\x16\x03 sleep:0.5 signal:TERM hold' -- env INETLS_MISBEHAVE=compute "$T/bin/hooked" \
			-o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' --handshake-timeout "$timeout"
		says exit=0 backend.connections=0
		within 2
		ended "$T/session.log" "ended by a signal" end=signal
	done
}

@test "a listener's session that computes is ended when its time is over; the listener lives" {
	local port
	port=$(free_port)
	start listener env INETLS_MISBEHAVE=compute "$T/bin/hooked" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" \
		-r 127.0.0.1:1 -o "$(new_log session)" --handshake-timeout 1s
	wait_for 10 listening "$port"
	report=$("$ROOT/tests/lib/peer.py" --connect "$port" --peer 'handshake hold')
	ended "$T/session.log" "$LATE" end=timeout peer=127.0.0.1:
	alive "$pid"
	stop listener
}

@test "a client's session that computes is ended, with the exit code of a server that cannot be reached" {
	: > "$T/server.log"
	start server openssl s_server -accept "127.0.0.1:$(free_port | tee "$T/port")" -cert "$T/pgssl.pem" -key "$T/pgssl.pem" \
		-quiet
	wait_for 10 listening "$(cat "$T/port")"
	run timeout 15 env INETLS_MISBEHAVE=compute "$T/bin/hooked" -c -r "localhost:$(cat "$T/port")" -A "$T/pgssl.crt" \
		-o "$(new_log session)" --handshake-timeout 1s 0<> "$T/idle"
	[ "$status" -eq 69 ]
	ended "$T/session.log" "$LATE" end=timeout
}
