# The slow tests of tests/wrap/wait.bats.

# lib.bash sets port and pid, bats output.
# shellcheck disable=SC2154

load ../lib/lib
load ../lib/wait

@test "no connection is lost that arrives exactly while the listener leaves" {
	local name
	for name in "${SUPERS[@]}"; do
		need "$name"
		# The pauses are about as long as the idle time: many meet the end of a listener.
		wait_server "$name" --idle-exit 60ms
		[ "$(peers many 80 40 80)" = 'ok=80 failed=0 serials=1' ]
		wait_for 20 served 80
		log_lines "$log" 80
		leave
	done
}

@test "a burst of 500 connects is served without loss" {
	wait_server -d
	[ "$(peers burst 500)" = 'ok=500 failed=0 serials=1' ]
	wait_for 20 served 500
}

@test "a PEM that is renewed all the while: chain and signature always match" {
	make_pem "$T/pgssl.pem" localhost
	wait_server -d
	make_pem "$T/a.pem" localhost
	make_pem "$T/b.pem" localhost
	peers many 150 5 40 > "$T/many.log" &
	local served=$! round
	for round in $(seq 8); do
		for one in a b; do
			cp -p "$T/$one.pem" "$T/next.pem"
			mv "$T/next.pem" "$T/pgssl.pem"
			[ "$((round % 2))" -eq 0 ] || kill -HUP "$server"
			sleep 0.3
		done
	done
	wait "$served"
	cat "$T/many.log"
	[[ $(cat "$T/many.log") == 'ok=150 failed=0 serials='[23] ]]
	# Every generation but the last has left: listener, keyholder, two that wait.
	wait_for 10 eval '[ "$(wrappers | wc -l)" -eq 4 ]'
	run grep -v 'result=ok\|listening on\|was read again' "$log"
	[ -z "$output" ]
}

# waiting_children: the listener's children but for the keyholder, which is the first of them.
waiting_children() {
	tr ' ' '\n' < "/proc/$server/task/$server/children" | grep . | sort -n | tail -n +2
}

@test "children that wait are replaced after a minute, and a connection at that moment is served" {
	local before
	wait_server -d
	[ "$(peers many 1)" = 'ok=1 failed=0 serials=1' ]
	wait_for 10 eval '[ "$(wrappers | wc -l)" -eq 4 ]'
	before=$(waiting_children)
	[ "$(wc -l <<< "$before")" -eq 2 ]
	sleep 40
	[ "$(waiting_children)" = "$before" ]
	[ "$(peers many 1)" = 'ok=1 failed=0 serials=1' ]
	sleep 21
	run grep -xF "$before" <(waiting_children)
	[ -z "$output" ]
	[ "$(waiting_children | wc -l)" -eq 2 ]
	[ "$(peers many 10)" = 'ok=10 failed=0 serials=1' ]
}
