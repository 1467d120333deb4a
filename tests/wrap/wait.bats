# A listener: fd 0 is a listening socket, as inetd's `wait`, xinetd's wait = yes and systemd's Accept=no pass it, or
# -d.

# lib.bash sets port and pid, bats output.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/wait

@test "bad: --max-connections: who is too many is closed at once, with one line for each; the next finds room" {
	local name
	for name in -d "${SUPERS[@]}"; do
		need_super "$name"
		wait_server "$name" --max-connections 2 --idle-exit 2s
		hold 2
		[ "$(peers try 3)" = 'ok=0 refused=3' ]
		wait_for 10 lines 3 'refused peer=127.0.0.1:[0-9]* reason="more sessions than --max-connections"'
		lines 3 '[a-z]*'
		tell speak spoke=2
		tell 'less 1' held=1
		wait_for 10 served 1
		[ "$(peers try 1)" = 'ok=1 refused=0' ]
		tell end ended
		stop holder
		leave
	done
}

@test "bad: --max-per-source: the same for one address, and others are served" {
	wait_server -d --max-per-source 2
	hold 2
	[ "$(peers try 2)" = 'ok=0 refused=2' ]
	wait_for 10 lines 2 'refused .*reason="more sessions from this source than --max-per-source"'
	lines 2 '[a-z]*'
	echo hello | timeout 20 socat -t 5 - "OPENSSL:127.0.0.1:$port,bind=127.0.0.2,verify=0" | grep -qx hello
	tell end ended
}

@test "bad: more sessions than a listener may have descriptors: all are served, since none takes one of it" {
	local descriptors
	wait_server -d
	descriptors=$(count_fds "$(listener)")
	prlimit --pid "$(listener)" --nofile=32:32
	hold 40
	tell speak spoke=40
	[ "$(count_fds "$(listener)")" -eq "$descriptors" ]
	tell end ended
}

@test "bad: a listener that does not answer: who was accepted is gone after --handshake-timeout" {
	wait_server -d --max-per-source 2 --handshake-timeout 1s
	local stopped
	stopped=$(listener)
	kill -STOP "$stopped"
	exec 8<> "/dev/tcp/127.0.0.1/$port"
	wait_for 4 lines 1 'refused .*reason="the listener did not answer within --handshake-timeout"' || :
	exec 8>&-
	kill -CONT "$stopped"
	lines 1 'refused .*reason="the listener did not answer within --handshake-timeout"'
}

@test "bad: a machine without a file left: children that cannot accept wait, and do not spin" {
	need_strace
	port=$(free_port)
	start listener strace -D -f -qq -e trace=accept4 -e inject=accept4:error=ENFILE -o "$T/accepts" \
		"$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r 127.0.0.1:1 --no-sandbox
	wait_for 10 listening "$port"
	exec 8<> "/dev/tcp/127.0.0.1/$port"
	sleep 1.5
	exec 8>&-
	stop listener
	# Behind the filter what strace puts in the place of the call would be killed.  Two children, ten times a second each.
	[ "$(wc -l < "$T/accepts")" -ge 4 ]
	[ "$(wc -l < "$T/accepts")" -lt 100 ]
}

@test "bad: who was refused takes no place of --max-connections" {
	need_strace
	# Those who are refused stay for as long as their line takes to be written, which here is two seconds.
	log=$(new_log wait)
	port=$(free_port)
	start server strace -D -f -qq -o "$T/strace.log" -e trace=write -e inject=write:delay_enter=2000000 "$WRAP" -f \
		-d "127.0.0.1:$port" -N waiting -p "$T/pgssl.pem" -r "127.0.0.1:$SERVICE" -o "$log" --max-per-source 1 \
		--max-connections 2 --idle-children 8
	wait_for 10 listening "$port"
	hold 1
	[ "$(peers burst 4)" = 'ok=0 failed=4 serials=0' ]
	echo hello | timeout 60 socat -t 20 - "OPENSSL:127.0.0.1:$port,bind=127.0.0.2,verify=0" | grep -qx hello
	tell end ended
}

@test "each super-server runs the wrapper once for many connections, and an idle child always waits" {
	local name first
	for name in -d "${SUPERS[@]}" systemd-socket-activate; do
		need_super "$name"
		wait_server "$name" --idle-children 3
		[ "$(peers many 10)" = 'ok=10 failed=0 serials=1' ]
		first=$(listener)
		[ "$(peers many 10)" = 'ok=10 failed=0 serials=1' ]
		[ "$(peers burst 20)" = 'ok=20 failed=0 serials=1' ]
		wait_for 10 served 40
		alive "$first"
		# The listener, its keyholder, three children that wait.
		wait_for 10 eval '[ "$(wrappers | wc -l)" -eq 5 ]'
		[ "$(grep -vc 'result=ok\|listening on' "$log")" -eq 0 ]
		leave
	done
}

# hellos N: of so many connections at once what the server's first message has of its own: its random number and its key.
hellos() {
	# shellcheck disable=SC2016 # $0 and $1 are sh's
	seq "$1" | PORT=$port xargs -P 8 -I {} timeout 120 sh -c \
		'openssl s_client -connect "127.0.0.1:$PORT" -tls1_3 -groups X25519 -msg < /dev/null > "$0/hello.$1" 2> /dev/null' "$T" {}
	cat "$T"/hello.* | tr -d '\n' | sed 's/<<< /\n&/g' | grep '^<<< .*ServerHello' | sed 's/.*ServerHello *//; s/ //g'
}

@test "bad: no two sessions that were forked from one process have a random number or a key share in common" {
	wait_server -d
	hellos 40 > "$T/hellos"
	[ "$(wc -l < "$T/hellos")" -eq 40 ]
	# The kind of message, its length, the version, and 32 bytes.
	[ "$(cut -c 13-76 "$T/hellos" | sort -u | wc -l)" -eq 40 ]
	# An X25519 key of 32 bytes: its extension, of 36 bytes, and the group.
	[ "$(grep -o '00330024001d0020.\{64\}' "$T/hellos" | sort -u | wc -l)" -eq 40 ]
}

@test "bad: a peer that reset its connection before it was accepted is in the log by its address" {
	local peer
	log=$(new_log wait)
	peer=$("$ROOT/tests/lib/waiting.py" reset "$WRAP" -N waiting -p "$T/pgssl.pem" -r "127.0.0.1:$SERVICE" -o "$log" \
		--idle-exit 8s)
	[[ $peer == 127.0.0.1:* ]]
	grep "result=handshake peer=$peer " "$log"
}

@test "idle exit hands the socket back, and the next connection starts a new listener" {
	local name first second
	for name in "${SUPERS[@]}"; do
		need "$name"
		wait_server "$name" --idle-exit 500ms
		[ "$(peers many 3)" = 'ok=3 failed=0 serials=1' ]
		wait_for 20 no_wrapper
		[ "$(peers many 1)" = 'ok=1 failed=0 serials=1' ]
		first=$(listener)
		wait_for 20 no_wrapper
		# A session keeps it, however long nothing moves.
		hold 1
		second=$(listener)
		[ "$first" != "$second" ]
		sleep 1
		alive "$second"
		tell speak spoke=1
		tell end ended
		wait_for 20 no_wrapper
		log_lines "$log" 5
		stop holder
		stop server
	done
}

@test "systemd-socket-activate: idle exit ends with exit code 0" {
	need systemd-socket-activate
	wait_server systemd-socket-activate --idle-exit 300ms
	[ "$(peers many 2)" = 'ok=2 failed=0 serials=1' ]
	wait_for 20 gone "$server"
	wait "$server"
	log_lines "$log" 2
}

@test "a listener that leaves does not wait for a session that it met on its way out" {
	need openbsd-inetd
	need_strace
	# The first child's accept takes longer than the listener stays: its session goes on without one.
	log=$(new_log wait)
	port=$(free_port)
	cat > "$T/slow" <<-END
	#!/bin/sh
	exec strace -D -f -qq -o $T/strace.log -e trace=accept4 -e inject=accept4:delay_exit=1500000:when=1 \
		$WRAP -N waiting -p $T/pgssl.pem -r 127.0.0.1:$SERVICE -o $log --idle-children 1 --idle-exit 500ms
	END
	chmod 755 "$T/slow"
	echo "127.0.0.1:$port stream tcp wait.6000 $(id -un) $T/slow slow" > "$T/inetd.conf"
	start server "$(superserver_path openbsd-inetd)" -i "$T/inetd.conf"
	server=$pid
	wait_for 5 superserver_up
	hold 1
	grep -q 'accept4.*(DELAYED)' "$T/strace.log"
	wait_for 10 eval '[ -z "$(listener)" ]'
	[ "$(peers many 1)" = 'ok=1 failed=0 serials=1' ]
	tell speak spoke=1
	tell end ended
	wait_for 10 served 2
}

@test "kill -9 of the listener leaves sessions alone, and the super-server starts the next" {
	local name first
	for name in "${SUPERS[@]}"; do
		need "$name"
		wait_server "$name"
		hold 3
		first=$(listener)
		kill -KILL "$first"
		wait_for 10 gone "$first"
		tell speak spoke=3
		[ "$(peers many 5)" = 'ok=5 failed=0 serials=1' ]
		[ "$(listener)" != "$first" ]
		tell speak spoke=3
		tell end ended
		wait_for 10 served 8
		stop holder
		# The first one's keyholder and idle children leave as well.
		leave
	done
}

@test "SIGTERM: the port is closed at once, sessions go on until they end" {
	wait_server -d
	hold 2
	kill -TERM "$server"
	wait_for 10 eval '! listening "$port"'
	tell speak spoke=2
	alive "$server"
	tell end ended
	wait_for 10 gone "$server"
	wait_for 10 no_wrapper
	served 2
}

@test "SIGHUP: the PEM is read anew, the log reopened, and no session touched" {
	local name before after
	for name in -d "${SUPERS[@]}" systemd-socket-activate; do
		need_super "$name"
		make_pem "$T/pgssl.pem" localhost
		wait_server "$name"
		hold 2
		before=$(peers serial)
		make_pem "$T/pgssl.pem" localhost
		mv "$log" "$T/moved.log"
		# As inetls(7) says: to the sessions and the keyholder too, but here to those of this file alone.
		pkill -HUP -f "^[^ ]*inetls-wrap .*-N waiting .*$T/pgssl.pem"
		wait_for 10 test -e "$log"
		wait_for 10 grep -q 'was read again' "$log"
		wait_for 10 eval '[ "$(peers serial)" != "$before" ]'
		after=$(peers serial)
		[ "$after" != None ]
		grep -q 'result=ok' "$log"
		tell speak spoke=2
		tell end ended
		stop holder
		leave
		rm -f "$log"
	done
}

@test "bad: SIGHUP with a PEM that cannot serve: the old key goes on, and the log says so" {
	make_pem "$T/pgssl.pem" localhost
	wait_server -d
	local before
	before=$(peers serial)
	cp -p "$T/pgssl.pem" "$T/good.pem"
	grep -v 'BEGIN CERTIFICATE' "$T/good.pem" > "$T/new.pem"
	chmod 600 "$T/new.pem"
	mv "$T/new.pem" "$T/pgssl.pem"
	kill -HUP "$server"
	wait_for 10 grep -q 'the old key stays in use' "$log"
	[ "$(peers serial)" = "$before" ]
	mv "$T/good.pem" "$T/pgssl.pem"
}

@test "after 100 connections no process, zombie or descriptor is left that was not there after one" {
	local name first fds
	for name in -d openbsd-inetd; do
		need_super "$name"
		wait_server "$name"
		[ "$(peers many 1)" = 'ok=1 failed=0 serials=1' ]
		wait_for 10 eval '[ "$(wrappers | wc -l)" -eq 4 ]'
		first=$(listener)
		fds=$(count_fds "$first")
		[ "$fds" -gt 3 ]
		[ "$(peers burst 100)" = 'ok=100 failed=0 serials=1' ]
		wait_for 20 eval '[ "$(wrappers | wc -l)" -eq 4 ]'
		wait_for 10 eval "[ \"\$(count_fds $first)\" -eq $fds ]"
		wait_for 10 eval "[ \"\$(zombies_of $first)\" -eq 0 ]"
		leave
	done
}
