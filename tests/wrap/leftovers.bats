# Sessions leave no file, process or descriptor behind, and hold none that they do not need.  And the pid file, in a
# directory where others can write.

load ../lib/lib
load ../lib/session

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# wrappers: the pids of all processes of this file's wrapper, the keyholders too.
wrappers() {
	find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$WRAP" 2>/dev/null | cut -d/ -f3
}

children() {
	tr ' ' '\n' < "/proc/$1/task/$1/children" | grep -c . || :
}

# what_is PID: how many children, wrapper processes and descriptors there are.
what_is() {
	echo "children $(children "$1"), wrappers $(wrappers | wc -l), descriptors $(find "/proc/$1/fd" -mindepth 1 | wc -l)"
}

as_at_first() {
	[ "$(what_is "$listener")" = "$first" ]
}

# sessions N: so many, good ones and bad ones.
sessions() {
	timeout 60 "$ROOT/tests/lib/peer.py" --connect "$port" --sessions "$1" --peer 'handshake send:100 recv:100 bye recv-all /
		handshake send:1000 rst / raw:garbage\r\n hold / rst / close / handshake bye recv-tls / handshake send:99999 fin hold /
		handshake send:10 junk recv-all / raw:\x16\x03\x01\x02\x00 hold / handshake send:10 partial:1000 close'
}

@test "after 100 mixed sessions no process, zombie, descriptor or directory is left" {
	local service in_run=()
	# A service that echoes for as long as the test lasts.
	start service perl -MIO::Socket::INET -e '
		$SIG{CHLD} = "IGNORE";
		my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 64) or die;
		$| = 1; print $l->sockport, "\n";
		while (1) {
			my $c = $l->accept or next;
			if (!fork) { alarm 20; my $d; syswrite $c, $d while sysread $c, $d, 65536; exit }
			close $c;
		}'
	wait_for 5 test -s "$T/service.log"
	service=$(cat "$T/service.log")
	port=$(free_port)
	# A /run of its own shows what is made there, where there may be one.
	if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
		in_run=(unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh)
	fi
	start listener "${in_run[@]}" "$WRAP" -f -d "127.0.0.1:$port" -r "$service" -p "$T/pgssl.pem" \
		-o "$(new_log many)" --handshake-timeout 1s --close-timeout 2s
	listener=$pid
	wait_for 10 listening "$port"
	sessions 1
	wait_for 10 log_says_twice
	wait_for 10 settled
	echo "at first: $first"
	sessions 100
	wait_for 15 as_at_first || {
		echo "now: $(what_is "$listener")"
		return 1
	}
	local child
	for child in $(cat "/proc/$listener/task/$listener/children"); do
		alive "$child"
	done
	[ "${#in_run[@]}" -eq 0 ] || [ -z "$(ls -A "/proc/$listener/root/run")" ]
	# One line for each, the first among them, and the one that says where it listens.
	log_lines "$T/many.log" 102
	stop listener
	wait_for 5 no_wrappers
	[ -z "$(find "$T" -newer "$T/began" -name '*.pid')" ]
}

# settled: twice the same.
settled() {
	first=$(what_is "$listener")
	sleep 1.5
	as_at_first
}

log_says_twice() {
	[ "$(wc -l < "$T/many.log")" -ge 2 ]
}

no_wrappers() {
	[ -z "$(wrappers)" ]
}

# live [OPTION...]: a session that serves, in the background; its processes are in $wrappers.
live() {
	new_log session > /dev/null
	start live "$ROOT/tests/lib/peer.py" --limit 30 --peer 'handshake send:10 recv:10 sleep:20' --backend echo -- \
		"$WRAP" -o "$T/session.log" -p "$T/pgssl.pem" -D info -r "${BACKEND:-127.0.0.1:{backend\}}" "$@"
	wait_for 10 grep -q "begin peer=" "$T/session.log"
	sleep 0.3
	wrappers=$(wrappers)
	[ -n "$wrappers" ]
}

# status KEY PID: the words of that line of its status.
status() {
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status" | tr '\t' ' ' | sed 's/ *$//'
}

@test "a session started as root is not root, has no groups, no capabilities, no new privileges, an empty root" {
	need_root
	live
	local one
	for one in $wrappers; do
		echo "process $one: uid $(status Uid "$one"), gid $(status Gid "$one"), groups $(status Groups "$one")"
		[[ " $(status Uid "$one") " != *" 0 "* ]]
		[[ " $(status Gid "$one") " != *" 0 "* ]]
		[ -z "$(status Groups "$one")" ]
		[ "$(status CapEff "$one")" = 0000000000000000 ]
		[ "$(status CapPrm "$one")" = 0000000000000000 ]
		[ "$(status NoNewPrivs "$one")" = 1 ]
		[ -z "$(ls -A "/proc/$one/root/")" ]
		[ "$(stat -Lc %d:%i "/proc/$one/root")" != "$(stat -Lc %d:%i /)" ]
		# Not dumpable: no core is written.
		[ "$(stat -c %u "/proc/$one/limits")" -eq 0 ]
	done
}

@test "a session started as root with a Unix socket has that socket's directory as its root" {
	need_root
	mkdir -m 755 "$T/run"
	start service "$ROOT/tests/lib/peer.py" --limit 40 --service "unix:$T/run/s.sock" --backend echo --peer 'sleep:30' \
		-- sleep 30
	wait_for 5 listening_at "$T/run/s.sock"
	BACKEND=$T/run/s.sock live
	local one roots=0
	for one in $wrappers; do
		[[ " $(status Uid "$one") " != *" 0 "* ]]
		[ "$(ls -A "/proc/$one/root/")" != s.sock ] || roots=$((roots + 1))
		[ "$(stat -Lc %d:%i "/proc/$one/root")" != "$(stat -Lc %d:%i /)" ]
	done
	[ "$roots" -ge 1 ]
}

@test "-s and -g decide whom a session becomes" {
	need_root
	live -s daemon -g games
	local one seen=0
	for one in $wrappers; do
		[[ " $(status Uid "$one") " != *" 0 "* ]]
		[ "$(status Uid "$one")" != "$(id -u daemon) $(id -u daemon) $(id -u daemon) $(id -u daemon)" ] ||
			[ "$(status Gid "$one")" != "$(getent group games | cut -d: -f3 | awk '{ print $1, $1, $1, $1 }')" ] ||
			seen=$((seen + 1))
	done
	[ "$seen" -ge 1 ]
}

@test "-s root, -g root and another name of root's are refused, by a session and by a listener" {
	local options
	# The quotes are looked for below, and not the shell's.
	# shellcheck disable=SC2089,SC2090
	for options in '-s root' '-s 0' '-g root' '-g 0' "-s ''"; do
		# shellcheck disable=SC2086
		run timeout 5 "$WRAP" -f -d 127.0.0.1:0 -r 127.0.0.1:1 -p "$T/pgssl.pem" ${options//"''"/ } < /dev/null
		echo "$options: $output"
		[ "$status" -eq 64 ]
		session --peer 'handshake hold' -- ${options//"''"/ }
		says exit=64 backend.connections=0 peer.handshake=no
	done
}

# -- the pid file ----------------------------------------------------------------------------------------

# daemon -P... : a listener in the foreground; refuses -P... CODE WORD: it does not start.
daemon() {
	port=$(free_port)
	start daemon "$WRAP" -f -d "127.0.0.1:$port" -r 127.0.0.1:1 -p "$T/pgssl.pem" "$@"
	wait_for 10 listening "$port"
}

refuses() {
	local code=$1 word=$2
	shift 2
	run timeout 5 "$WRAP" -f -d "127.0.0.1:$(free_port)" -r 127.0.0.1:1 -p "$T/pgssl.pem" "$@" < /dev/null
	echo "$output"
	[ "$status" -eq "$code" ]
	[ "${#lines[@]}" -eq 1 ]
	grep -F -e "$word" <<< "$output"
}

dead_pid() {
	sh -c 'echo $$'
}

pid_directory() {
	rm -rf "${T:?}/var"
	mkdir -m 1777 "$T/var"
	file=$T/var/inetls.127.0.0.1.1.pid
}

@test "a symbolic link in the place of the pid file: refused, and what it points at stays" {
	pid_directory
	echo victim > "$T/var/victim"
	ln -s "$T/var/victim" "$file"
	refuses 73 "$file" -P "$T/var/"
	[ "$(cat "$T/var/victim")" = victim ]
	[ -L "$file" ]
	rm "$T/var/victim"
	refuses 73 "$file" -P "$T/var/"
	[ ! -e "$T/var/victim" ]
	# One to a stale pid file of our own is a link as well.
	dead_pid > "$T/var/victim"
	refuses 73 "$file" -P "$T/var/"
	[ -s "$T/var/victim" ]
}

@test "a pid file of a live process: refused, named, untouched" {
	pid_directory
	echo $$ > "$file"
	refuses 73 "process $$" -P "$T/var/"
	[ "$(cat "$file")" = $$ ]
	[ "$(id -u)" -ne 0 ] || return 0
	# Also one that we may not signal.
	echo 1 > "$file"
	refuses 73 "process 1" -P "$T/var/"
}

@test "what is no pid file of ours: refused and untouched" {
	local what
	for what in '' garbage '-1' 0 '12 34' 99999999999; do
		pid_directory
		printf '%s' "$what" > "$file"
		refuses 73 "not a pid file of ours" -P "$T/var/"
		[ "$(cat "$file")" = "$what" ]
	done
	pid_directory
	mkfifo "$file"
	refuses 73 "$file" -P "$T/var/"
	pid_directory
	mkdir "$file"
	refuses 73 "$file" -P "$T/var/"
	need_root
	pid_directory
	dead_pid > "$file"
	chown nobody "$file"
	refuses 73 "not a pid file of ours" -P "$T/var/"
}

@test "a bad -P: exit 64, with what to write" {
	refuses 64 "write a full path" -P pgssl.pid
	refuses 64 "write a full path" -P ""
	refuses 64 "there is no such directory" -P "$T/no/such/"
	refuses 73 "No such file or directory" -P "$T/no/such.pid"
	refuses 64 "-P: the path is too long" -P "/$(printf 'x%.0s' {1..600})"
}

@test "a port that is taken: exit 71, and no pid file is left" {
	pid_directory
	daemon
	run timeout 5 "$WRAP" -f -d "127.0.0.1:$port" -r 127.0.0.1:1 -p "$T/pgssl.pem" -P "$T/var/" < /dev/null
	echo "$output"
	[ "$status" -eq 71 ]
	grep -F "another program listens there" <<< "$output"
	[ -z "$(ls -A "$T/var")" ]
}

@test "a stale pid file of ours is replaced; it holds our pid, and is gone at the end" {
	pid_directory
	dead_pid > "$file"
	daemon -P "$T/var/"
	[ "$(cat "$file")" = "$pid" ]
	[ "$(stat -c %a "$file")" = 644 ]
	stop daemon
	[ -z "$(ls -A "$T/var")" ]
}

@test "-P FILE, -P DIR without a slash, -P none, no -P, and -N" {
	pid_directory
	daemon -P "$T/var/own.pid"
	[ "$(cat "$T/var/own.pid")" = "$pid" ]
	stop daemon
	daemon -P "$T/var"
	[ "$(cat "$file")" = "$pid" ]
	stop daemon
	daemon -P "$T/var/" -N pgssl
	[ "$(cat "$T/var/inetls.pgssl.pid")" = "$pid" ]
	stop daemon
	daemon -P none
	[ -z "$(ls -A "$T/var")" ]
	stop daemon
	[ -z "$(ls -A "$T/var")" ]
}

@test "in the background: exit 0 once it serves, the pid file names the daemon, exit 73 when it cannot" {
	pid_directory
	port=$(free_port)
	run timeout 10 "$WRAP" -d "127.0.0.1:$port" -r 127.0.0.1:1 -p "$T/pgssl.pem" -P "$T/var/" -o "$(new_log daemon)" \
		< /dev/null 3>&-
	[ "$status" -eq 0 ]
	[ -s "$file" ]
	cp "$file" "$T/pids/test/daemon"
	alive "$(cat "$file")"
	listening "$port"
	run timeout 10 "$WRAP" -d "127.0.0.1:$(free_port)" -r 127.0.0.1:1 -p "$T/pgssl.pem" -P "$T/var/" -o "$T/daemon.log" \
		< /dev/null 3>&-
	[ "$status" -eq 73 ]
	alive "$(cat "$file")"
	stop daemon
	[ -z "$(ls -A "$T/var")" ]
}

@test "-P in inetd mode: taken, and without effect" {
	pid_directory
	session --peer 'handshake send:10 bye recv-all' --backend echo -- -P "$T/var/"
	says exit=0 peer.received=10
	[ -z "$(ls -A "$T/var")" ]
}
