# 1,000 peers that are silent and 1,000 that send data, at one listener at the same time: the silent ones are gone
# after the handshake timeout, the others lose no byte, and no process or file is left over.

# bats and lib.bash give output, status and pid.
# shellcheck disable=SC2154

load ../lib/lib

HANDSHAKE_S=120 # on a slow machine it takes a minute until all are there

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
}

# A session makes its empty directory in /run, enters it and takes it away at once.
nothing_in_run() {
	[ -z "$(find /run /dev/shm -maxdepth 1 -name 'inetls.*' -newer "$T/began")" ]
}

sessions_gone() {
	# Keyholder and waiting children apart, which is what there was before; a zombie is a child as well.
	[ "$(children "$listener" | wc -l)" -eq "$before" ]
}

@test "1,000 sessions and 1,000 silent peers at once: no byte is lost, nothing is left" {
	ulimit -n "$(ulimit -Hn)"
	[ "$(ulimit -n)" -ge 4000 ] || skip "kernel: no more than $(ulimit -n) descriptors"
	local port service before descriptors listener
	service=$(free_port)
	port=$(free_port)
	start listener "$WRAP" -f -d "127.0.0.1:$port" -p "$T/pgssl.pem" -r "127.0.0.1:$service" -o "$(new_log wrap)" \
		--handshake-timeout "${HANDSHAKE_S}s"
	listener=$pid
	wait_for 10 listening "$port"
	sleep 1
	before=$(children "$listener" | wc -l)
	descriptors=$(ls "/proc/$listener/fd" | wc -l)
	run timeout 420 /usr/bin/python3 "$ROOT/tests/lib/crowd.py" "$port" "$service" "$T/pgssl.crt" 1000
	echo "$output"
	[ "$status" -eq 0 ]
	echo "# $(paste -sd ' ' <<< "$output")" >&3
	grep -q '^established=1000 .* silent_still_there=1000$' <<< "$output"
	grep -qx 'whole=1000' <<< "$output"
	grep -q '^silent_gone=1000 ' <<< "$output"
	[ "$(grep -c 'result=ok' "$T/wrap.log")" -eq 1000 ]
	[ "$(grep -c 'peer stayed silent' "$T/wrap.log")" -eq 1000 ]
	# As the sessions have it: how long a connection waits to be accepted is this machine's affair.
	sed -n 's/.*peer stayed silent.* total_ms=\([0-9]*\) .*/\1/p' "$T/wrap.log" | sort -n | tail -n 1 > "$T/longest"
	[ "$(cat "$T/longest")" -lt $((HANDSHAKE_S * 1000 + 5000)) ]
	wait_for 20 sessions_gone
	[ "$(ls "/proc/$listener/fd" | wc -l)" -eq "$descriptors" ]
	wait_for 10 nothing_in_run
	stop listener
}
