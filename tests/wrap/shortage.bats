# A listener on a machine that is short of descriptors, processes or memory: its log says what it cannot do, everybody
# who can be served is served, and it recovers.

# lib.bash sets port and pid, bats output and status.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/client
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	# Limits are for whom is not root.
	[ "$(id -u)" -ne 0 ] || chown nobody "$T/pgssl.pem"
	! have socat || tls_server service socat "TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork" \
		SYSTEM:'echo served; read line'
	SERVICE=$port
	export SERVICE
}

setup() {
	lib_before
	need socat
}

# listener [wrapper option ...]: in front of the service, as an ordinary user; its log is $log, its pid $listener.
listener() {
	log=$(new_log listener)
	port=$(free_port)
	start wrap as_nobody "${BY[@]}" "$WRAP" -f -d "${AT:-127.0.0.1}:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$SERVICE" \
		-o "$log" "$@"
	wait_for 10 grep -qF ': listening on' "$log"
	listener=$(sed -n 's/.*\[\([0-9]*\)\]: listening on.*/\1/p' "$log")
}

# served: a peer gets what the service says.
served() {
	[ "$(echo | timeout 20 openssl s_client -quiet -connect "${AT:-127.0.0.1}:$port" 2> /dev/null)" = served ]
}

# all_served N: so many peers, one after the other.
all_served() {
	local n
	for ((n = 0; n < $1; n++)); do
		served
	done
}

# idle: the listener's children that wait for a connection; all but the keyholder, which is the first.
idle() {
	children "$listener" | sort -n | tail -n +2
}

# alone N: the listener has so many children, and all of them wait.
alone() {
	wait_for 10 are_alone "$1"
}

are_alone() {
	local each all
	all=$(idle)
	[ "$(wc -w <<< "$all")" -eq "$1" ] || return 1
	for each in $all; do
		[ -z "$(children "$each")" ] || return 1
	done
}

# short LIMIT: of that resource there is no more; enough LIMIT: there is.
short() {
	alone 1
	as_nobody prlimit --pid "$listener" "--$1=$2:"
}

enough() {
	as_nobody prlimit --pid "$listener" "--$1=$(as_nobody prlimit --pid "$listener" "--$1" -o HARD --noheadings | tr -d ' '):"
}

# tried TEXT [LINES]: it was said, by so many lines in three seconds (2), and not tried as fast as the processor can.
tried() {
	local ticks
	wait_for 10 grep -qF "$1" "$log"
	: > "$log"
	ticks=$(used)
	sleep 3
	echo "lines in three seconds: $(wc -l < "$log"), ticks: $(($(used) - ticks))"
	[ "$(wc -l < "$log")" -le "${2:-2}" ]
	[ "$(($(used) - ticks))" -le 60 ]
}

# used: the processor's hundredths that the listener has had.
used() {
	awk '{ print $14 + $15 }' "/proc/$listener/stat"
}

@test "bad: no more processes: said, tried again without haste, and served when there are some" {
	listener --idle-children 1
	served
	short nproc 0
	served
	tried 'fork: Resource temporarily unavailable; no child could be started to wait for connections' 0
	enough nproc
	served
	served
}

@test "bad: no more descriptors: the same" {
	listener --idle-children 1
	served
	short nofile 3
	served
	tried 'Too many open files; no child could be started to wait for connections' 0
	enough nofile
	served
	served
	# Once it has been over for ten seconds.
	wait_for 20 grep -q 'children wait for connections again; failures before: [1-9][0-9]' "$log"
	[ "$(grep -vc 'result=' "$log")" -eq 1 ]
}

@test "bad: fewer descriptors than short sessions in a second: each is served, and nothing is said to be short" {
	local BY=(prlimit --nofile=20)
	listener --idle-children 1
	all_served 40
	! grep -F 'Too many open files' "$log"
}

@test "bad: a log that has reached the limit on a file's size: everybody is served, and the listener stays" {
	local BY=(prlimit --fsize=1024)
	listener --idle-children 1
	all_served 8
	[ -d "/proc/$listener" ]
	[ "$(grep -c result=ok "$log")" -lt 8 ]
}

@test "bad: a hard limit on descriptors that is too low for a session: named, with what is needed" {
	make_pem "$T/own.pem" localhost
	command_session --peer handshake -- prlimit --nofile=7 "$WRAP" -p "$T/own.pem" -r "127.0.0.1:$SERVICE" -o "$T/session.log"
	says exit=71
	grep -qF 'reason="setrlimit: at least 8 open files are needed, and the hard limit is 7: raise it (ulimit -Hn, LimitNOFILE=)"' \
		"$T/session.log"
}

@test "bad: children that cannot wait say why, and are not replaced as fast as the processor can" {
	need_strace
	: > "$T/strace.log"
	chmod 666 "$T/strace.log"
	listener --no-sandbox --idle-children 1
	alone 1
	# The listener has its own by now.
	start tracer as_nobody strace -f -qq -o "$T/strace.log" -e trace=ppoll -e inject=ppoll:error=ENOMEM \
		-p "$listener"
	wait_for 10 eval '! grep -q "^TracerPid:[[:space:]]*0" "/proc/$listener/status"'
	served
	tried 'poll: Cannot allocate memory; a child cannot wait for connections' 4
	stop tracer
	served
}

@test "bad: a keyholder that cannot wait ends, and is replaced" {
	need_strace
	: > "$T/strace.log"
	chmod 666 "$T/strace.log"
	listener --no-sandbox --idle-children 1
	local keyholder
	keyholder=$(pgrep -o -P "$listener")
	start tracer as_nobody strace -qq -o "$T/strace.log" -e trace=poll -e inject=poll:error=ENOMEM -p "$keyholder"
	wait_for 10 eval '! grep -q "^TracerPid:[[:space:]]*0" "/proc/$keyholder/status"'
	served || :
	wait_for 10 eval '! kill -0 "$keyholder" 2> /dev/null'
	served
}

@test "bad: children that are killed while they wait are replaced" {
	listener --idle-children 2
	served
	local before
	alone 2
	before=$(idle)
	# shellcheck disable=SC2086
	kill -KILL $before
	served
	served
	alone 2
	[ -z "$(grep -xF "$before" <(idle))" ]
}

@test "bad: --max-per-source: an IPv6 host's addresses are one source" {
	ip -6 addr show dev lo 2> /dev/null | grep -q '::1/128' || skip "network: no IPv6 here"
	local AT='[::1]'
	listener --max-per-source 1
	start held openssl s_client -quiet -connect "[::1]:$port"
	wait_for 10 grep -qx served "$T/held.log"
	run served
	[ "$status" -ne 0 ]
	wait_for 10 grep -qF 'more sessions from this source than --max-per-source' "$log"
}

@test "bad: a user that there is not: exit 78, and nobody listens" {
	port=$(free_port)
	run timeout 20 "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$SERVICE" -s no.such.user
	echo "$output"
	[ "$status" -eq 78 ]
	[[ $output == *"-s no.such.user: there is no such user"* ]]
	! listening "$port"
}
