# Confinement: what the session and the keyholder can see and do, and that the session has not read a byte before it
# is confined.  Observed from outside, by /proc and strace.

# bats and lib.bash set output, status, lines, port and pid.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/session
load ../lib/syslog

KEYHOLDER_UIDS=1879048192
# What is looked at must not end of itself, however busy the machine is.
PATIENCE=300s

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	make_pem "$T/nobody.pem" localhost
	[ "$(id -u)" -ne 0 ] || chown nobody "$T/nobody.pem"
	install -m 755 "$ROOT/tests/lib/peer.py" "$T/bin/peer.py"
	if have socat && have openbsd-inetd && have tcpserver; then
		start_echo
		start_servers
	fi
}

setup() {
	lib_before
	# Its own calls are in no filter, so that such a build has none: see wrap/confine/confine_linux.c.
	need_no_sanitizer "its build has no system call filter"
}

start_echo() {
	ECHO_PORT=$(free_port)
	export ECHO_PORT
	start echo socat "TCP-LISTEN:$ECHO_PORT,bind=127.0.0.1,reuseaddr,fork" EXEC:cat
	wait_for 10 listening "$ECHO_PORT"
}

# start_servers: the wrapper in front of the echo, as an administrator may start it: $INETD, $INETD_AS_NOBODY and
# $LISTENER are "PORT PID PEM KEYHOLDER", of the process whose children are the sessions.
start_servers() {
	local to=127.0.0.1:$ECHO_PORT log
	log=$(new_log wrap)
	superserver openbsd-inetd -- "$WRAP" --handshake-timeout "$PATIENCE" -p "$T/pgssl.pem" -r "$to" -o "$log"
	INETD="$port $pid $T/pgssl.pem"
	superserver tcpserver -u nobody -- "$WRAP" --handshake-timeout "$PATIENCE" -p "$T/nobody.pem" -r "$to" -o "$log"
	INETD_AS_NOBODY="$port $pid $T/nobody.pem"
	listen main "$T/pgssl.pem"
	LISTENER="$port $pid $T/pgssl.pem $(keyholder_of "$pid")"
	export INETD INETD_AS_NOBODY LISTENER
}

# listen NAME PEM [OPTION...]: a listener of that name, in $port and $pid.
listen() {
	local name=$1-listener by=$2 to=(-r "127.0.0.1:$ECHO_PORT")
	shift 2
	[[ " $* " != *" -r "* ]] || to=()
	port=$(free_port)
	start "$name" "$WRAP" -f -d "127.0.0.1:$port" --handshake-timeout "$PATIENCE" -p "$by" "${to[@]}" -o "$T/wrap.log" \
		-D info "$@"
	wait_for 10 grep -qF "[$pid]: listening on" "$T/wrap.log"
}

# through SERVER: sets $port, $server, $pem and $listeners_keyholder.
through() {
	need openbsd-inetd
	need tcpserver
	need socat
	read -r port server pem listeners_keyholder <<< "$1"
}

# peer_says_nothing: a peer has connected, and the session waits for it, confined.
peer_says_nothing() {
	exec 7<> "/dev/tcp/127.0.0.1/$port"
	find_processes
	wait_for 10 is_waiting "$session"
	wait_for 10 is_waiting "$keyholder"
}

# peer_talks: a peer has been through the handshake and has had an answer of the service.
peer_talks() {
	rm -f "$T/say" "$T/heard"
	mkfifo "$T/say"
	start peer sh -c "exec openssl s_client -quiet -no_ign_eof -connect 127.0.0.1:$port \
		< '$T/say' > '$T/heard' 2> /dev/null"
	exec 8> "$T/say"
	echo "a question" >&8
	wait_for 10 grep -qs "a question" "$T/heard"
	find_processes
	wait_for 10 is_waiting "$session"
}

silent_peer_leaves() {
	exec 7>&-
	wait_for 10 gone "$session"
}

peer_leaves() {
	exec 8>&-
	wait_for 10 gone "$pid"
	wait_for 10 gone "$session"
}

# find_processes: sets $session, and $keyholder, which is empty where it is gone already.
find_processes() {
	local found
	wait_for 10 has_session
	session=$found
	keyholder=${listeners_keyholder:-$(children "$session")}
}

has_session() {
	local child
	for child in $(children "$server"); do
		if [ "$child" != "$listeners_keyholder" ] && { ! is_listener || has_left "$child"; }; then
			found=$child
			return 0
		fi
	done
	return 1
}

is_listener() {
	[ "$(tr '\0' '\n' < "/proc/$server/cmdline" | head -n 1)" = "$WRAP" ]
}

# has_left PID: its connection is there; a listener's waiting children are confined too.
has_left() {
	grep -qF "[$1]: begin peer=" "$T/wrap.log"
}

# keyholder_of PID: that listener's, which it makes before any other child.
keyholder_of() {
	children "$1" | sort -n | head -n 1
}

# text_of FILE: sets $text.  Here and below no process is started for what the shell can do: there are hundreds.
text_of() {
	text=
	# shellcheck disable=SC2162
	IFS= read -r -d '' text < "$1" || [ -n "$text" ]
}

# is_waiting PID: it sleeps in poll or read, so that all that comes before has been done.
is_waiting() {
	local text
	[ -d "/proc/${1:-none}" ] && text_of "/proc/$1/status" &&
		[[ $text == *$'\nSeccomp:\t2\n'* && $text == *$'\nState:\tS'* ]]
}

# status_of PID KEY VALUE: /proc/PID/status says so.  Fields are separated by one space each.
status_of() {
	local text words
	text_of "/proc/$1/status"
	text=${text#*$'\n'"$2":}
	read -ra words <<< "${text%%$'\n'*}"
	[ "${words[*]}" = "$3" ] || {
		echo "$2 of $1 is '${words[*]}' and not '$3'"
		return 1
	}
}

no_capabilities() {
	local set
	for set in CapInh CapPrm CapEff CapAmb; do
		status_of "$1" "$set" 0000000000000000
	done
}

# writes_no_core PID: a file in /proc of a process that may not be dumped is root's, whoever runs it (proc(5)).
writes_no_core() {
	[ "$(stat -c %u "/proc/$1")" -ne 0 ]
	[ "$(stat -c %u "/proc/$1/limits")" -eq 0 ]
}

# has_limit PID NAME VALUE: hard and soft.
has_limit() {
	local text words
	text_of "/proc/$1/limits"
	text=${text#*$'\n'Max "$2"}
	read -ra words <<< "${text%%$'\n'*}"
	[ "${words[0]} ${words[1]}" = "$3 $3" ] || {
		echo "limit on $2: ${words[*]}, and not $3"
		return 1
	}
}

# descriptors PID: prints what each is, "N TARGET".
descriptors() {
	find "/proc/$1/fd" -type l -printf '%f %l\n' | sort -n
}

# key_in PID: prints how many pieces of the key are in its memory.
key_in() {
	local seen
	seen=$("$ROOT/tests/lib/inside.py" "$pem" "$1")
	echo "memory of $1: $seen" >&2
	[ "$(log_field pages "$seen")" -gt 50 ] || return 1
	log_field key "$seen"
}

nobody_is() {
	id -u inetls 2> /dev/null || id -u nobody
}

# -- what a session is --------------------------------------------------------------------------------------

# limit_of_files: the highest descriptor and one, and not below the eight that are polled.
limit_of_files() {
	local highest
	highest=$(descriptors "$session" | tail -n 1)
	highest=${highest%% *}
	echo $((${highest:-7} > 7 ? highest + 1 : 8))
}

# confined UID: the session, whoever started it.
confined() {
	local uid=$1 gid=$2
	status_of "$session" Uid "$uid $uid $uid $uid"
	status_of "$session" Gid "$gid $gid $gid $gid"
	no_capabilities "$session"
	status_of "$session" NoNewPrivs 1
	status_of "$session" Seccomp 2
	writes_no_core "$session"
	has_limit "$session" processes 0
	has_limit "$session" "open files" "$(limit_of_files)"
}

# Three sockets at most: peer, service or services not yet connected, keyholder; the log; and nothing else.
nothing_else_is_open() {
	run descriptors "$session"
	echo "$output"
	[ "${#lines[@]}" -le 6 ]
	run grep -vE "^[0-9]+ (socket:\[[0-9]+\]|/dev/null|$T/wrap.log|$T/main-listener.log|$T/tcpserver.log)$" <<< "$output"
	[ -z "$output" ]
	run grep -F .pem "/proc/$session/maps"
	[ -z "$output" ]
}

root_is_empty() {
	run readlink "/proc/$session/root"
	echo "$output"
	[[ "$output" == /*/inetls.*" (deleted)" ]]
	[ -z "$(ls -A "/proc/$session/root/")" ]
	[ "$(readlink "/proc/$session/cwd")" = "$output" ]
}

@test "a session that root's inetd started is nobody in an empty root, without groups, capabilities or a file" {
	need_root
	local uid
	through "$INETD"
	uid=$(nobody_is)
	for stage in peer_says_nothing peer_talks; do
		$stage
		confined "$uid" "$(id -g "$(id -nu "$uid")")"
		status_of "$session" Groups ""
		root_is_empty
		nothing_else_is_open
		[ "$stage" = peer_talks ] || silent_peer_leaves
	done
	peer_leaves
}

@test "a session of a listener is nobody in an empty root, without groups, capabilities or a file" {
	need_root
	local uid
	through "$LISTENER"
	peer_talks
	uid=$(nobody_is)
	confined "$uid" "$(id -g "$(id -nu "$uid")")"
	status_of "$session" Groups ""
	root_is_empty
	nothing_else_is_open
	peer_leaves
}

@test "a session that an ordinary user's inetd started is confined in the same way" {
	need_root "who started it is asked for in memory and descriptors that only root may see"
	through "$INETD_AS_NOBODY"
	peer_talks
	confined "$(id -u nobody)" "$(id -g nobody)"
	nothing_else_is_open
	[ "$(key_in "$session")" = 0 ]
	peer_leaves
}

@test "without root a session is confined in the same way, as far as that user can see it" {
	[ "$(id -u)" -ne 0 ] || skip "root: this is for whom is not"
	through "$INETD"
	peer_talks
	confined "$(id -u)" "$(id -g)"
	# Not dumpable: not even its own user sees inside.
	run ls "/proc/$session/fd"
	[ "$status" -ne 0 ]
	peer_leaves
}

# A service with a Unix socket, alone in its directory.
unix_service() {
	mkdir -p "$T/service"
	chmod 755 "$T/service"
	start unix-echo socat "UNIX-LISTEN:$T/service/socket,fork,mode=666" EXEC:cat
	wait_for 10 listening_at "$T/service/socket"
}

@test "the root of a session whose service has a Unix socket is that socket's directory, and no more" {
	need_root
	need socat
	unix_service
	listen special "$T/pgssl.pem" -r "$T/service/socket"
	through "$port $pid $T/pgssl.pem $(keyholder_of "$pid")"
	peer_talks
	[ "$(readlink "/proc/$session/root")" = "$T/service" ]
	[ "$(ls -A "/proc/$session/root/")" = socket ]
	peer_leaves
}

@test "a symbolic link to a Unix socket: the root is the directory that it leads to" {
	need_root
	need socat
	unix_service
	mkdir -p "$T/links"
	chmod 755 "$T/links"
	ln -s ../service/socket "$T/links/socket-of-the-service"
	listen special "$T/pgssl.pem" -r "$T/links/socket-of-the-service"
	through "$port $pid $T/pgssl.pem $(keyholder_of "$pid")"
	peer_talks
	[ "$(readlink "/proc/$session/root")" = "$T/service" ]
	peer_leaves
}

@test "root is refused as the user of a session, before a byte is read" {
	need_root
	command_session --peer 'handshake hold' -- "$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -r '127.0.0.1:{backend}' \
		-s root
	says exit=64
	untouched
	logged "root is refused"
}

# -- the key ------------------------------------------------------------------------------------------------

@test "not a piece of the key is in the memory of a session, before, in and after the handshake" {
	need_root
	through "$INETD"
	peer_says_nothing
	# The other process is the proof that the search finds what is there.
	[ "$(key_in "$keyholder")" -gt 0 ]
	[ "$(key_in "$session")" = 0 ]
	silent_peer_leaves
	peer_talks
	[ "$(key_in "$session")" = 0 ]
	peer_leaves
}

@test "not a piece of the key is in the memory of a listener or its sessions: its keyholder alone has it" {
	need_root
	through "$LISTENER"
	peer_talks
	[ "$(key_in "$keyholder")" -gt 0 ]
	[ "$(key_in "$session")" = 0 ]
	[ "$(key_in "$server")" = 0 ]
	peer_leaves
}

@test "no prime or exponent of an RSA key is in the memory of a session" {
	need_root
	make_pem "$T/rsa.pem" --key rsa:2048 localhost
	need socat
	listen rsa "$T/rsa.pem"
	through "$port $pid $T/rsa.pem $(keyholder_of "$pid")"
	peer_talks
	[ "$(key_in "$keyholder")" -gt 0 ]
	[ "$(key_in "$session")" = 0 ]
	[ "$(key_in "$server")" = 0 ]
	peer_leaves
}

@test "with --no-keyholder the search finds the key in the session, and the log says so each time" {
	need_root
	need socat
	listen special "$T/pgssl.pem" --no-keyholder
	through "$port $pid $T/pgssl.pem"
	exec 7<> "/dev/tcp/127.0.0.1/$port"
	find_processes
	wait_for 10 is_waiting "$session"
	[ "$(key_in "$session")" -gt 0 ]
	[ -z "$(children "$session")" ]
	silent_peer_leaves
	grep "for debugging only: --no-keyholder" "$T/wrap.log"
}

@test "with --no-sandbox the session still becomes nobody, and the log says so each time" {
	need_root
	need socat
	listen special "$T/pgssl.pem" --no-sandbox
	through "$port $pid $T/pgssl.pem $(keyholder_of "$pid")"
	exec 7<> "/dev/tcp/127.0.0.1/$port"
	find_processes
	wait_for 10 grep -q "for debugging only: --no-sandbox" "$T/wrap.log"
	wait_for 10 grep -q '^State:.S' "/proc/$session/status"
	status_of "$session" Seccomp 0
	local uid
	uid=$(nobody_is)
	status_of "$session" Uid "$uid $uid $uid $uid"
	silent_peer_leaves
}

# keyholder_is_confined: one socket to the session or to its listener, and nothing of the network.
keyholder_is_confined() {
	local uid=$((KEYHOLDER_UIDS + keyholder % (1 << 24)))
	status_of "$keyholder" Uid "$uid $uid $uid $uid"
	status_of "$keyholder" Gid "$uid $uid $uid $uid"
	status_of "$keyholder" Groups ""
	no_capabilities "$keyholder"
	status_of "$keyholder" NoNewPrivs 1
	status_of "$keyholder" Seccomp 2
	writes_no_core "$keyholder"
	run readlink "/proc/$keyholder/root"
	[[ "$output" == *" (deleted)" ]]
	[ -z "$(ls -A "/proc/$keyholder/root/")" ]
}

@test "a session's keyholder is a third user in an empty root, with one socket: not the peer, not the service" {
	need_root
	through "$INETD"
	peer_says_nothing
	keyholder_is_confined
	run descriptors "$keyholder"
	echo "$output"
	[ "${#lines[@]}" -eq 1 ]
	[[ "$output" == *" socket:["* ]]
	run grep -F "${output#* }" <<< "$(descriptors "$session")"
	[ -z "$output" ]
	silent_peer_leaves
}

@test "a listener's keyholder is a third user in an empty root, and has no socket of the network" {
	need_root
	through "$LISTENER"
	peer_says_nothing
	keyholder_is_confined
	run descriptors "$keyholder"
	echo "$output"
	# The way to the listener, and a channel to the session and to each of those that wait.
	[ "${#lines[@]}" -le 4 ]
	run grep -v ' socket:' <<< "$output"
	[ -z "$output" ]
	run network_sockets_of "$session"
	[ -n "$output" ]
	run network_sockets_of "$keyholder"
	echo "of the keyholder: $output"
	[ -z "$output" ]
	silent_peer_leaves
}

# network_sockets_of PID: prints those of its sockets that are in the kernel's table of TCP.
network_sockets_of() {
	local inode
	descriptors "$1" | sed -n 's/.*socket:\[\([0-9]*\)\]/\1/p' | while read -r inode; do
		awk -v inode="$inode" '$10 == inode' /proc/net/tcp /proc/net/tcp6
	done
}

has_no_child() {
	[ -z "$(children "$1")" ]
}

@test "a session's keyholder is gone after the handshake, and never a zombie" {
	through "$INETD"
	for _ in 1 2 3; do
		peer_talks
		wait_for 5 has_no_child "$session"
		alive "$session"
		peer_leaves
	done
	# A session that ended before its keyholder had anything to do: a zombie would still have its directory.
	peer_says_nothing
	[ -d "/proc/$keyholder" ]
	silent_peer_leaves
	wait_for 5 no_such_process "$keyholder"
}

no_such_process() {
	[ ! -d "/proc/$1" ]
}

@test "a keyholder does not outlive a session that was killed" {
	through "$INETD"
	exec 7<> "/dev/tcp/127.0.0.1/$port"
	find_processes
	wait_for 10 is_waiting "$session"
	[ -n "$keyholder" ]
	kill -KILL "$session"
	wait_for 5 gone "$keyholder"
	exec 7>&-
}

@test "the process that inetd started is the session: its pid is in the log" {
	through "$INETD"
	peer_talks
	peer_leaves
	grep -F "[$session]: result=ok" "$T/wrap.log"
}

# -- no byte before confinement --------------------------------------------------------------------------------

# traced [OPTION...]: a session under strace whose peer's bytes are there before it starts; sets $trace, the
# calls of the process that reads the peer, in order.
traced() {
	need_strace
	rm -rf "$T/trace"
	mkdir -m 777 "$T/trace"
	command_session --peer 'handshake send:100 recv:100 bye recv-all' --backend echo -- "${as[@]}" \
		strace -ff -s 8 -o "$T/trace/of" "$WRAP" -p "$pem" -r '127.0.0.1:{backend}' -o "$T/session.log" "$@"
	says exit=0 peer.received=100
	trace=$T/trace/of.$(sed -n 's/.*\[\([0-9]*\)\]: result=ok.*/\1/p' "$T/session.log")
	grep -qE '^(read|recv[a-z]*)\(0,' "$trace"
	# The other process has dropped the peer before it reads anything at all.
	for other in "$T"/trace/of.*; do
		[ "$other" = "$trace" ] || awk '/^close_range\(0,/ { dropped = 1; exit } /^(read|readv|recv[a-z]*)\(/ { exit }
			END { exit !dropped }' "$other"
	done
}

# Nothing of the peer is read or written before the filter, nothing is opened after it, and the user is left before.
confined_before_peer() {
	awk '/^(prctl\(PR_SET_SECCOMP|seccomp\()/ && / = 0$/ { closed = NR }
		/^(read|readv|recv[a-z]*|write|writev|send[a-z]*)\([01],/ && !peer { peer = NR }
		/^open(at)?\(/ && / = [0-9]/ { opened = NR }
		/^connect\(/ { service = NR }
		END {
			print "closed " closed ", peer " peer ", opened " opened ", service " service
			exit !(closed && peer && closed < peer && opened < closed && closed < service)
		}' "$trace"
}

@test "not a byte of the peer is read or written before the process is confined, as root" {
	need_root
	as=()
	pem=$T/pgssl.pem
	traced
	confined_before_peer
	awk '/^setresuid/ { left = NR } /^chroot/ { root = NR } /^(read|recv[a-z]*)\(0,/ { exit !(root && left > root) }' \
		"$trace"
}

@test "not a byte of the peer is read or written before the process is confined, as an ordinary user" {
	as=()
	pem=$T/pgssl.pem
	if [ "$(id -u)" -eq 0 ]; then
		as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
		pem=$T/nobody.pem
	fi
	traced
	confined_before_peer
	# The measure itself can fail: without the sandbox the process is not confined.
	traced --no-sandbox
	run confined_before_peer
	[ "$status" -ne 0 ]
}

@test "the PEM is opened by the keyholder alone" {
	as=()
	pem=$T/pgssl.pem
	traced
	run grep -lE '^open.*pgssl\.pem' "$T"/trace/of.*
	echo "who opens it: $output"
	[ "${#lines[@]}" -eq 1 ]
	[ "$output" != "$trace" ]
}

# three_confined PID: a listener's keyholder and its two waiting children, in $children.
three_confined() {
	local child
	mapfile -t children < <(pgrep -P "$1")
	[ "${#children[@]}" -eq 3 ] || return 1
	for child in "${children[@]}"; do
		grep -q '^Seccomp:.2' "/proc/$child/status" || return 1
	done
}

@test "capabilities that a super-server gave, to an ordinary user or as inheritable ones, are given up too" {
	need_root
	local user log children child
	cp "$T/pgssl.pem" "$T/root.pem"
	cp "$T/pgssl.pem" "$T/keeper.pem"
	# With no_setuid_fixup a process keeps its capabilities when it is root no longer.
	local -A by=([nobody]="--reuid nobody --regid $(id -g nobody) --clear-groups --ambient-caps +net_raw,+chown" [root]=""
		[keeper]="--securebits +no_setuid_fixup")
	for user in nobody root keeper; do
		log=$(new_log "$user")
		# shellcheck disable=SC2086
		start capable setpriv --inh-caps +net_raw,+chown ${by[$user]} \
			"$WRAP" -f -d 127.0.0.1:0 -r localhost:1 -p "$T/$user.pem" -o "$log"
		wait_for 10 grep -q 'listening on' "$log"
		wait_for 10 three_confined "$pid"
		# The measure itself: the listener has them.
		run status_of "$pid" CapInh 0000000000000000
		[ "$status" -ne 0 ]
		for child in "${children[@]}"; do
			no_capabilities "$child"
		done
		stop capable
	done
}

# -- syslog -------------------------------------------------------------------------------------------------

@test "a session logs to a syslog that was connected before confinement, with a limit of 0 on files" {
	make_private_dev
	command_session --peer 'handshake send:10 recv:10 bye recv-all' --backend echo -- "${in_private_dev[@]}" \
		"$WRAP" -D info -p "$T/pgssl.pem" -r '127.0.0.1:{backend}'
	says exit=0 peer.received=10 peer.tls=close_notify
	only_tls
	wait_for 5 grep -q result=ok "$T/syslog.log"
	cat "$T/syslog.log"
	grep 'begin peer=' "$T/syslog.log"
	[ "$(grep -c result=ok "$T/syslog.log")" -eq 1 ]
}

@test "a listener in the background, whose log has the highest descriptor, has children that serve" {
	make_private_dev
	local port options
	# Each of these takes other descriptors.
	for options in "-r localhost:$ECHO_PORT" "-r 127.0.0.1:$ECHO_PORT" "-r localhost:$ECHO_PORT --no-keyholder"; do
		port=$(free_port)
		: > "$T/syslog.log"
		# shellcheck disable=SC2086
		"${in_private_dev[@]}" "$WRAP" -d "localhost:$port" -P "$T/background.pid" -p "$T/pgssl.pem" $options
		for _ in 1 2 3 4; do
			report=$("$ROOT/tests/lib/peer.py" --connect "$port" --peer 'handshake send:10 recv:10 bye recv-all')
			says peer.received=10
		done
		wait_for 5 eval '[ "$(grep -c result=ok "$T/syslog.log")" -eq 4 ]'
		if grep -E 'too many|no child' "$T/syslog.log"; then
			return 1
		fi
		pid=$(cat "$T/background.pid")
		kill "$pid"
		wait_for 10 gone "$pid"
	done
}

@test "a syslog that is restarted loses a line and not a session" {
	make_private_dev
	start held "$ROOT/tests/lib/peer.py" --peer 'handshake send:10 recv:10 sleep:2 send:10 recv:10 bye recv-all' \
		--backend echo -- "${in_private_dev[@]}" "$WRAP" -D info -p "$T/pgssl.pem" -r '127.0.0.1:{backend}'
	wait_for 10 grep -q 'begin peer=' "$T/syslog.log"
	session=$(sed -n 's/.*\[\([0-9]*\)\]: begin.*/\1/p' "$T/syslog.log")
	wait_for 10 is_waiting "$session"
	has_limit "$session" "file size" 0
	kill -HUP "$syslog"
	wait_for 5 grep -q restarted "$T/syslog.log"
	wait_for 15 grep -q '^exit=' "$T/held.log"
	report=$(cat "$T/held.log")
	says exit=0 peer.received=20 peer.tls=close_notify backend.received=20 backend.end=fin
}
