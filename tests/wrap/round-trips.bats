# How many system calls a request and its answer cost in an established session.

load ../lib/lib

setup() {
	lib_before
	need_strace
	need_no_sanitizer "it maps memory whenever it likes"
	make_pem "$T/pgssl.pem" localhost
}

# at_most_six BYTES: two waits, two reads, two writes; now and then a segment comes in two pieces.
at_most_six() {
	timeout 100 "$ROOT/tests/lib/round-trips.py" "$WRAP" "$T/pgssl.pem" "$T/pgssl.crt" "$1" | tee "$T/calls"
	awk '$1 == "all" { good = $2 >= 5.5 && $2 <= 6.4 } END { exit !good }' "$T/calls"
}

@test "a request of 60 bytes and its answer take six system calls" {
	at_most_six 60
}

@test "a request of 1,000 bytes and its answer take six system calls" {
	at_most_six 1000
}
