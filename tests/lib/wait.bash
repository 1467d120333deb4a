# What tests/wrap/wait.bats and tests/long/wait.bats share, loaded after lib.

# lib.bash sets port and pid, bats output.
# shellcheck disable=SC2154

SUPERS=(openbsd-inetd xinetd)

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	mkfifo "$T/service.in"
	start service sh -c 'exec "$1" serve < "$2"' sh "$ROOT/tests/lib/waiting.py" "$T/service.in"
	# Its stdin stays open until the last test.
	start keeper sh -c 'exec sleep 3600 > "$1"' sh "$T/service.in"
	wait_for 10 test -s "$T/service.log"
	SERVICE=$(cat "$T/service.log")
	export SERVICE
}

peers() {
	timeout -k 5 330 "$ROOT/tests/lib/waiting.py" "$port" "$@"
}

# wait_server NAME [wrapper option ...]: starts that super-server with the wrapper as a wait service, or -d.
# Sets port, and log.
wait_server() {
	local name=$1 user try
	shift
	log=$(new_log wait)
	user=$(id -un)
	# On a busy machine twenty handshakes at once take longer than the 10 s that each has.
	set -- "$WRAP" -N waiting -p "$T/pgssl.pem" -r "127.0.0.1:$SERVICE" -o "$log" --handshake-timeout 100s "$@"
	for try in 1 2 3; do
		port=$(free_port)
		case $name in
		-d)
			start server "$1" -f -d "127.0.0.1:$port" "${@:2}"
			;;
		openbsd-inetd)
			echo "127.0.0.1:$port stream tcp wait.6000 $user $1 ${1##*/} ${*:2}" > "$T/inetd.conf"
			start server "$(superserver_path openbsd-inetd)" -i "$T/inetd.conf"
			;;
		xinetd)
			xinetd_entry yes "$user" "$@" > "$T/xinetd.conf"
			start server "$(superserver_path xinetd)" -dontfork -stayalive -f "$T/xinetd.conf" \
				-pidfile "$T/xinetd.pid" -filelog "$T/xinetd.file.log"
			;;
		systemd-socket-activate)
			start server systemd-socket-activate -l "127.0.0.1:$port" --inetd "$@"
			;;
		esac
		server=$pid
		wait_for 5 superserver_up && return 0
		cat "$T/server.log"
		stop server
	done
	return 1
}

# wrappers: prints the pids of this file's wrappers, from files of /proc that are readable even if a process cannot be
# traced.  listener: prints the one that is $server or was started by it.
wrappers() {
	local pid
	grep -lsx inetls-wrap /proc/[0-9]*/comm | cut -d/ -f3 | while read -r pid; do
		! grep -qasF "$T/" "/proc/$pid/cmdline" || echo "$pid"
	done
}

parent() {
	sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$1/stat" 2>/dev/null
}

listener() {
	local one all
	all=$(wrappers)
	if grep -qx "$server" <<< "$all"; then
		echo "$server"
		return 0
	fi
	for one in $all; do
		[ "$(parent "$one")" != "$server" ] || echo "$one"
	done
}

no_wrapper() {
	[ -z "$(wrappers)" ]
}

# leave: ends the super-server and the listener that it has started.
leave() {
	local pids
	pids=$(listener)
	stop server
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill -TERM $pids 2>/dev/null || :
	wait_for 10 no_wrapper
}

# lines N RESULT: checks that N lines of the log have that result.  served N: also that no more come.
lines() {
	[ "$(grep -c "result=$2 " "$log")" -eq "$1" ]
}

served() {
	lines "$1" ok
}

# hold N: opens N sessions that stay until `tell end`.
hold() {
	rm -f "$T/hold.in"
	mkfifo "$T/hold.in"
	start holder sh -c 'exec "$1" "$2" hold "$3" < "$4"' sh "$ROOT/tests/lib/waiting.py" "$port" "$1" "$T/hold.in"
	exec 7> "$T/hold.in"
	wait_for 60 held "held=$1"
}

held() {
	[ "$(tail -n 1 "$T/holder.log")" = "$1" ]
}

# tell WORDS ANSWER: sends WORDS to the holder and waits for ANSWER.
tell() {
	echo "$1" >&7
	wait_for 60 held "$2" || {
		cat "$T/holder.log"
		return 1
	}
}

count_fds() {
	find "/proc/$1/fd" -mindepth 1 2>/dev/null | wc -l
}

zombies_of() {
	processes | grep -c " Z $1\$" || :
}

# A listener that a super-server has started is not our child: end here what a failed test has left.
teardown() {
	exec 7>&-
	lib_after
	wrappers | while read -r pid; do
		kill -TERM "$pid" 2>/dev/null || :
	done
}

need_super() {
	[ "$1" = -d ] || need "$1"
}
