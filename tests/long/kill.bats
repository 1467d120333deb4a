# kill -9 of the keyholder, the session, the listener and the service at random moments: either everything arrived, or
# the session is reported as failed and the receiver can see that data is missing.

# bats gives output and status.
# shellcheck disable=SC2154

load ../lib/lib

setup_file() {
	lib_begin
	make_pem "$T/pgssl.pem" localhost
	mkdir -m 711 "$T/killed"
}

@test "500 transfers with somebody killed: whole, or known to be cut on both sides" {
	local seed=${SEED:-$RANDOM} verdict
	echo "SEED=$seed"
	run timeout 500 /usr/bin/python3 "$ROOT/tests/lib/kill.py" "$WRAP" "$T/pgssl.pem" "$T/killed" "$seed" "${TRANSFERS:-500}"
	echo "$output"
	[ "$status" -eq 0 ]
	verdict=$(tail -n 1 <<< "$output")
	echo "# $verdict" >&3
	[ "$(log_field failed "$verdict")" -eq 0 ]
	# Somebody of each kind was hit, and enough came through for the others to mean something.
	for victim in keyholder session listener service nobody; do
		[ "$(log_field "$victim" "$verdict")" -gt 0 ]
	done
	[ "$(log_field whole "$verdict")" -gt 50 ]
	wait_for 15 nothing_left
}
